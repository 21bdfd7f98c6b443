// What a training run makes: an adapter beside the frozen model, or the model trained whole.
import { stat } from 'node:fs/promises';
import { diskFolder, type Provenance, type Story, saveAdapter } from '@peftjs/checkpoint';
import { type Adapter, attach, merge, summarize, type Trainable } from '@peftjs/core';
import { type CausalLM, saveModel } from '@peftjs/models';
import { writeModelRecord } from '../folders/model-record.ts';
import { filesBeside } from '../folders/tokenizer-files.ts';
import type { Setting, Training } from '../method-entry.ts';
import type { NamedMethod } from '../methods.ts';
import { type QatValues, roundLayers, withQat, withStepRates } from '../options/qat-options.ts';
import { adapterLines, modelLines } from './python-lines.ts';

export type SavedDtype = 'F32' | 'F16' | 'BF16';

export type GoalKind = 'adapter' | 'model';

export interface SavedGoal {
  readonly files: number;
  readonly bytes: number;
  /** The lines of Python that load it; none where Python cannot. */
  readonly python: readonly string[];
}

export interface Goal {
  readonly kind: GoalKind;
  readonly trainable: Trainable;
  /** What training it needs besides. */
  readonly training: Training;
  /** `trainable params: … || all params: … || trainable%: …` */
  readonly summary: string;
  /** @param story what is known beside the base */
  save(out: string, dtype: SavedDtype, story: Story): Promise<SavedGoal>;
}

/** Attaches what a method makes of the values. */
export async function adapterGoal(
  method: NamedMethod,
  values: Readonly<Record<string, unknown>> & QatValues,
  setting: Setting,
  seed: number,
): Promise<Goal> {
  const made = await withQat(await method.create(values, setting), values);
  const adapter: Adapter = attach(setting.model, made, { seed });
  setting.original?.model.dispose();
  return {
    kind: 'adapter',
    trainable: adapter,
    training: withStepRates(method.training?.(values, adapter) ?? {}, values),
    summary: adapter.summary(),
    async save(out, dtype, story) {
      const record = await adapter.snapshot();
      const base = record.provenance?.base as Provenance['base'];
      const saved = await saveAdapter(record, out, { dtype, story });
      return {
        files: saved.files.size,
        bytes: saved.bytes,
        // A method that PEFT lacks names another library.
        python: record.config.library_name || method.inPython?.(values) === false ? [] : adapterLines(base.name, out),
      };
    },
  };
}

export async function modelGoal(model: CausalLM, values: QatValues): Promise<Goal> {
  const rounding = await roundLayers(model, values);
  const trainable = {
    parameters: [model.parameters(), ...(rounding ? [rounding] : [])].flatMap((one) => one.parameters),
  };
  return {
    kind: 'model',
    trainable,
    training: withStepRates({}, values),
    summary: summarize(trainable, 0),
    async save(out, dtype, story) {
      if (rounding) await merge(rounding, { final: true });
      const { name } = model.base;
      const base = { name, fingerprint: await model.base.fingerprint() };
      await saveModel(model, out, { dtype, files: await filesBeside(name) });
      await writeModelRecord(out, { base, ...story });
      const names = await diskFolder(out).list();
      const sizes = await Promise.all(names.map(async (name) => (await stat(`${out}/${name}`)).size));
      return {
        files: names.length,
        bytes: sizes.reduce((a, b) => a + b, 0),
        python: modelLines(out),
      };
    },
  };
}
