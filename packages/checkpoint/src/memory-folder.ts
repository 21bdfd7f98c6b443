import { memorySource } from '@peftjs/safetensors';
import { checkReplacement } from './check-replacement.ts';
import type { FileContent, WritableFolder } from './folder.ts';

/** A folder in memory, for tests and for what is sent over a network or kept in a browser's storage. */
export interface MemoryFolder extends WritableFolder {
  /** What it holds now. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** A folder in memory that holds `files` at first. */
export function memoryFolder(
  files: Iterable<readonly [string, Uint8Array]> = [],
  location: string = 'memory',
): MemoryFolder {
  let current: ReadonlyMap<string, Uint8Array> = new Map(files);
  return {
    location,
    get files() {
      return current;
    },
    async list() {
      return [...current.keys()];
    },
    async open(name) {
      const bytes = current.get(name);
      return bytes ? memorySource(`${location}/${name}`, bytes) : null;
    },
    async replace(next) {
      checkReplacement(location, current.keys(), next.keys());
      const collected = new Map<string, Uint8Array>();
      for (const [name, content] of next) collected.set(name, await collect(content));
      current = collected;
    },
  };
}

async function collect(content: FileContent): Promise<Uint8Array> {
  if (content instanceof Uint8Array) return content.slice();
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(part.slice());
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
