// What the registry's tests work with: folders that are removed, adapters of a few numbers, and a static host.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MemoryFolder, memoryFolder, type Story, saveAdapter } from '@peftjs/checkpoint';
import { onTestFinished } from 'vitest';

/** An empty folder that is removed after the test. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'peftjs-registry-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export const BASE = { name: 'org/base', fingerprint: `sha256:${'ab'.repeat(32)}` };

/** An adapter that says `value`. */
export async function adapter(value: number, story: Story = {}): Promise<MemoryFolder> {
  const folder = memoryFolder([], `adapter-${value}`);
  const tensors = [{ key: 'k', shape: [1], data: Float32Array.of(value) }];
  await saveAdapter({ config: { peft_type: 'LORA', r: 1 }, tensors, provenance: { base: BASE } }, folder, { story });
  return folder;
}

export interface Host {
  readonly url: string;
  /** Paths that were asked for. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** Serves a folder until the test ends; `instead` answers in place of a file. */
export async function serve(root: string, instead: Readonly<Record<string, () => Uint8Array>> = {}): Promise<Host> {
  const asked: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    asked.push(url);
    try {
      const path = decodeURIComponent(url);
      response.end(Object.hasOwn(instead, path) ? instead[path]?.() : readFileSync(join(root, path)));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  let open = true;
  const close = async () => {
    if (!open) return;
    open = false;
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  onTestFinished(close);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close };
}
