// What is in a folder, a file or a model of the hub, said in lines and as an object, whatever it is.
import { stat } from 'node:fs/promises';
import { type Folder, type Json, type Provenance, provenanceRows, type TrustOptions } from '@peftjs/checkpoint';
import { inspect } from '@peftjs/delta';
import { oneLine } from '@peftjs/safetensors';
import type { Run } from '../command.ts';
import { bytes, count, counted } from '../figures.ts';
import { type Contents, readContents } from './contents.ts';
import { deltaLines } from './delta-lines.ts';
import { openFolder } from './open-folder.ts';
import { ofAnyLayer, tensorLines } from './tensor-summary.ts';

/** Says what `path` holds; what the object for machines has beside it is `more`. */
export async function showFolder(path: string, run: Run, trust: TrustOptions, more: object = {}): Promise<void> {
  const { report, signal } = run;
  const say = (lines: readonly string[]) => {
    for (const line of lines) report.say(oneLine(line));
  };
  const delta = await openDeltaFolder(path, run);
  if (delta !== null) {
    const found = await inspect(delta, trust);
    say([...deltaLines(found), ...originLines(found.provenance)]);
    report.result({ ...more, kind: 'delta', ...found });
    return;
  }
  const found = await readContents(path, signal, trust);
  say([...headLines(found), ...identityLines(found), ...originLines(found.provenance), 'tensors']);
  say(tensorLines(found.tensors));
  report.result({ ...more, ...found });
}

/** Null where there is no delta. */
export async function openDeltaFolder(path: string, run: Run): Promise<Folder | null> {
  if ((await stat(path).catch(() => null))?.isFile()) return null;
  const folder = await openFolder(path, run);
  return (await folder.open('delta.json')) === null ? null : folder;
}

function headLines({ kind, path, config, tensorCount, parameters, bytes: size }: Contents): readonly string[] {
  const said = Object.entries(config ?? {}).filter(([, value]) => !isEmpty(value));
  return [
    `${kind.padEnd(8)} ${path}`,
    `holds    ${counted(tensorCount, 'tensor')}, ${parameters === null ? 'weights in codes' : `${count(parameters)} parameters`}, ${bytes(size)}`,
    ...(said.length === 0
      ? []
      : ['config', ...said.map(([key, value]) => `  ${key}: ${JSON.stringify(shortened(value))}`)]),
  ];
}

function identityLines({ kind, fingerprint, hash, provenance, verified }: Contents): readonly string[] {
  const base = provenance && [`base     ${provenance.base.name} ${provenance.base.fingerprint}`];
  if (fingerprint !== null) return [`weights  ${fingerprint}`, ...(base ?? [])];
  if (kind !== 'adapter') return [];
  return [
    `hash     ${hash}`,
    `hashes   ${verified === null ? 'none are recorded, as in a folder from Python' : 'verified'}`,
    ...(base ?? []),
  ];
}

/** All that is known of where it came from, but the base. */
function originLines(provenance: Provenance | null): readonly string[] {
  if (provenance === null) return [];
  const rows = provenanceRows(provenance).filter(({ label }) => !label.startsWith('Base '));
  const lines = rows.flatMap(({ label, value }) =>
    typeof value === 'string'
      ? [`  ${label.toLowerCase()}: ${value}`]
      : value.map(([key, one]) => `  ${label.toLowerCase()} ${key}: ${one}`),
  );
  return lines.length === 0 ? [] : ['origin', ...lines];
}

/** Names of the same modules in every layer as one. */
function shortened(value: Json): Json {
  if (!Array.isArray(value)) return value;
  return [...new Set(value.map((one) => (typeof one === 'string' ? ofAnyLayer(one) : one)))];
}

/** Nothing is said by it. */
function isEmpty(value: Json): boolean {
  return value === null || value === false || (typeof value === 'object' && Object.keys(value).length === 0);
}
