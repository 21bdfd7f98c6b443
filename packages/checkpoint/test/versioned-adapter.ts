import type { AdapterRecord } from '../src/adapter-record.ts';

/** An adapter whose every file says `version`, so that a mixture of two versions shows. */
export function versionedAdapter(version: number, elements: number = 4): AdapterRecord {
  return {
    config: { peft_type: 'LORA', version },
    tensors: [{ key: 'k', shape: [elements], data: new Float32Array(elements).fill(version) }],
    provenance: { base: { name: 'base', fingerprint: `sha256:${version}` } },
  };
}

/** The version that all files of an adapter say; throws where they differ. */
export function versionOf({ config, tensors, provenance }: AdapterRecord): number {
  const version = Number(config.version);
  const same = tensors[0]!.data.every((x) => x === version) && provenance?.base.fingerprint === `sha256:${version}`;
  if (!same) throw new Error(`a mixture: ${version}, ${tensors[0]!.data[0]}, ${provenance?.base.fingerprint}`);
  return version;
}
