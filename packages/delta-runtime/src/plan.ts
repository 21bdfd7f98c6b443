// Which of a model's tensors a delta changes, and what it says that a loaded model has no place for.
import type { BaseModel, Host, StoredTensor } from '@peftjs/core';
import { type Item, isSame, type OpenDelta } from '@peftjs/delta';
import { quote } from '@peftjs/safetensors';
import { RuntimeError } from './runtime-error.ts';

export interface Planned {
  readonly stored: StoredTensor;
  /** What the base's file calls it. */
  readonly file: string;
}

/** @throws naming the tensor that a loaded model cannot take */
export function planOf(host: Host, over: BaseModel, { location, manifest }: OpenDelta): readonly Planned[] {
  if (host.stored === undefined)
    throw new RuntimeError(
      `${quote(over.name)} does not say what it holds, as a host's "stored" does; load the tuned model`,
    );
  const held = new Map(host.stored().map((one) => [over.file?.nameOf(one.name) ?? one.name, one]));
  const plan: Planned[] = [];
  for (const [name, item] of manifest.tensors) {
    if (isSame(item)) continue;
    const stored = held.get(name);
    // Of what the model did not take from its file it computes nothing.
    if (!stored && item.before && over.file && !over.file.tensors.has(name)) continue;
    const why = obstacle(stored, item);
    if (stored && why === null) plan.push({ stored, file: name });
    else
      throw new RuntimeError(
        `${location}: tensor ${quote(name)} ${why}; load the tuned model instead, of its folder or of tunedFolder(base, delta)`,
      );
  }
  return plan;
}

const NUMBERS: ReadonlySet<string> = new Set(['F32', 'F16', 'BF16', 'F64']);

function obstacle(stored: StoredTensor | undefined, { before, after }: Item): string | null {
  if (after === null) return 'is gone in the tuned model';
  if (!stored && before) return 'is a part of how another is stored, which is not changed in place';
  if (!stored) return 'is new in the tuned model, and the loaded one has no place for it';
  if (!NUMBERS.has(after.dtype)) return `holds codes (${after.dtype}), which are not changed in place`;
  if (after.shape.join() === stored.shape.join()) return null;
  return `has shape [${after.shape}] in the tuned model, [${stored.shape}] in the loaded one`;
}
