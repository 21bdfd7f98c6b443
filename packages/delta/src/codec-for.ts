import { nearest, quote } from '@peftjs/safetensors';
import type { Codec } from './codec.ts';
import { exact } from './codecs/exact.ts';
import { DeltaError } from './delta-error.ts';
import type { OpenDelta } from './open-delta.ts';
import { payloadsOf } from './open-delta.ts';

/** Finds codecs by the ids that a manifest has. */
export type CodecFor = (id: string) => Codec;

/** @throws where the delta needs a codec that is not among these */
export function codecsFor(delta: OpenDelta, codecs: readonly Codec[] = []): CodecFor {
  const known = new Map([exact(), ...codecs].map((codec) => [codec.id, codec]));
  for (const [section, name, , { codec }] of payloadsOf(delta.manifest)) {
    if (known.has(codec)) continue;
    const near = nearest(codec, known.keys());
    throw new DeltaError(
      `${delta.location}: ${section === 'tensors' ? 'tensor' : 'file'} ${quote(name)} was stored by the codec ${quote(codec)}, ` +
        `which is not among those given (${[...known.keys()].join(', ')})${near === null ? '' : `; nearest: ${quote(near)}`}`,
    );
  }
  return (id) => known.get(id) as Codec;
}
