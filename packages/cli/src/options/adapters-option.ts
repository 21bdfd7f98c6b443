// The adapters that a command puts on a model, in the order given: `--adapter DIR`, or several as `--adapter NAME=DIR`.
import { type AdapterRecord, loadAdapter, type TrustOptions } from '@peftjs/checkpoint';
import { restore } from '@peftjs/core';
import type { CausalLM } from '@peftjs/models';
import { checkModel } from '../folders/known-bases.ts';
import { type Option, texts } from '../option.ts';
import type { Reporter } from '../reporter.ts';
import { UsageError } from '../usage-error.ts';
import { familiesOf } from './qat-options.ts';
import type { WeightsValues } from './weights-options.ts';
import { noteWeights } from './weights-record.ts';

export const adaptersOption: Option<readonly string[] | undefined> = texts(
  '[NAME=]DIR',
  "an adapter's folder; several, each with a name, are stacked in the order given",
);

export interface NamedFolder {
  readonly name: string;
  readonly path: string;
}

export interface LoadedAdapter extends NamedFolder {
  readonly record: AdapterRecord;
}

/** @throws UsageError where two have the same name */
export function namedFolders(given: readonly string[] | undefined): readonly NamedFolder[] {
  const folders = (given ?? []).map((one) => {
    const [, name, path] = /^([\w.-]+)=(.+)$/.exec(one) ?? [one, 'default', one];
    return { name, path } as NamedFolder;
  });
  for (const [i, { name, path }] of folders.entries()) {
    const other = folders.slice(0, i).find((one) => one.name === name);
    if (other === undefined) continue;
    throw new UsageError(
      `--adapter ${other.path} and ${path} are both named "${name}"; name them apart, as in --adapter a=${other.path} --adapter b=${path}`,
    );
  }
  return folders;
}

export function loadAdapters(folders: readonly NamedFolder[], trust: TrustOptions): Promise<readonly LoadedAdapter[]> {
  return Promise.all(folders.map(async (folder) => ({ ...folder, record: await loadAdapter(folder.path, trust) })));
}

/** @throws naming the adapter that does not go onto the model, or onto those beneath it */
export async function attachAdapters(
  model: CausalLM,
  adapters: readonly LoadedAdapter[],
  values: WeightsValues,
  report: Reporter,
): Promise<void> {
  const beneath: string[] = [];
  for (const { name, path, record } of adapters) {
    try {
      await checkModel(model, record);
      await restore(model, record, await familiesOf(record), { name });
      await noteWeights(path, record, values, report);
    } catch (cause) {
      if (adapters.length === 1) throw cause;
      const place = beneath.length === 0 ? 'the model' : `${beneath.join(', ')}`;
      throw new Error(`[peftjs/cli] "${name}" (${path}) does not go onto ${place}: ${(cause as Error).message}`, {
        cause,
      });
    }
    beneath.push(`"${name}"`);
  }
}
