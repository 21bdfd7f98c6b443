// `peftjs inspect`: says what is in an adapter, a model or a safetensors file, and whether it is whole.
import type { Json } from '@peftjs/checkpoint';
import { type Command, command, EXIT } from '../command.ts';
import { type Contents, readContents } from '../contents.ts';
import { bytes, count, counted } from '../figures.ts';
import { required, text } from '../option.ts';
import { tensorLines } from '../tensor-summary.ts';

const options = {
  path: required(
    text('PATH', "an adapter's folder, a model's folder, GGUF file or name on the hub, or a .safetensors file"),
  ),
};

export const inspect: Command = command({
  name: 'inspect',
  output: 'report',
  positional: 'path',
  about: `Prints what an adapter, a model or a safetensors file holds: its configuration, its tensors, where it comes from.
The hashes of an adapter's files are verified, a model's fingerprint is computed.`,
  options,
  examples: [
    ['inspect out/notes', 'an adapter'],
    ['inspect HuggingFaceTB/SmolLM2-135M --json', 'a model of the hub, for machines'],
    ['inspect out/notes/adapter_model.safetensors', 'a file'],
  ],
  async run({ path }, { report, signal }) {
    const found = await readContents(path, signal);
    for (const line of [...headLines(found), ...originLines(found)]) report.say(line);
    report.say('tensors');
    for (const line of tensorLines(found.tensors)) report.say(line);
    report.result(found);
    return EXIT.ok;
  },
});

function headLines({ kind, path, config, tensorCount, parameters, bytes: size }: Contents): readonly string[] {
  const said = Object.entries(config ?? {}).filter(([, value]) => !isEmpty(value));
  return [
    `${kind.padEnd(8)} ${path}`,
    `holds    ${counted(tensorCount, 'tensor')}, ${count(parameters)} parameters, ${bytes(size)}`,
    ...(said.length === 0 ? [] : ['config', ...said.map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`)]),
  ];
}

function originLines({ kind, fingerprint, provenance, verified }: Contents): readonly string[] {
  if (fingerprint !== null) return [`weights  ${fingerprint}`];
  if (kind !== 'adapter') return [];
  const hashes = verified === null ? 'none are recorded, as in a folder from Python' : 'verified';
  if (provenance === null) return [`hashes   ${hashes}`];
  const { base, recipe, metrics, versions, ...others } = provenance;
  const told = { ...others, ...metrics, ...versions, ...(recipe === undefined ? {} : { recipe }) };
  return [
    `hashes   ${hashes}`,
    `base     ${base.name} ${base.fingerprint}`,
    'origin',
    ...Object.entries(told).map(
      ([key, value]) => `  ${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
    ),
  ];
}

/** Nothing is said by it. */
function isEmpty(value: Json): boolean {
  return value === null || value === false || (typeof value === 'object' && Object.keys(value).length === 0);
}
