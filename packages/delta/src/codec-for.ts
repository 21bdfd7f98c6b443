import { nearest, quote } from '@peftjs/safetensors';
import type { Codec } from './codec.ts';
import { exact } from './codecs/exact.ts';
import { inOrder } from './codecs/steps.ts';
import { DeltaError } from './delta-error.ts';
import type { OpenDelta } from './open-delta.ts';
import { payloadsOf } from './open-delta.ts';

/** Finds codecs by the ids that a manifest has. */
export type CodecFor = (id: string) => Codec;

/** @throws where the delta needs a codec that is not among these */
export function codecsFor(delta: OpenDelta, codecs: readonly Codec[] = []): CodecFor {
  const given = [exact(), ...codecs].map((codec) => [codec.id, codec] as const);
  const codecFor: CodecFor = (id) => known.get(id) as Codec;
  const known = new Map(given);
  const chained = inOrder(codecFor);
  known.set(chained.id, chained);
  for (const [section, name, , { codec, meta }] of payloadsOf(delta.manifest)) {
    const missing = [codec, ...(known.get(codec)?.needs?.(meta) ?? [])].find((id) => !known.has(id));
    if (missing === undefined) continue;
    const near = nearest(missing, known.keys());
    throw new DeltaError(
      `${delta.location}: ${section === 'tensors' ? 'tensor' : 'file'} ${quote(name)} was stored by the codec ${quote(missing)}, ` +
        `which is not among those given (${[...new Set(given.map(([id]) => id))].join(', ')})${near === null ? '' : `; nearest: ${quote(near)}`}`,
    );
  }
  return codecFor;
}
