import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { httpFolder } from './http-folder.ts';
import { loadAdapter } from './load-adapter.ts';
import { memoryFolder } from './memory-folder.ts';
import { saveAdapter } from './save-adapter.ts';

const record = {
  config: { peft_type: 'LORA', r: 1 },
  tensors: [{ key: 'base_model.model.q.lora_A.weight', shape: [1, 2], data: new Float32Array([1, 2]) }],
  provenance: { base: { name: 'tiny', fingerprint: 'sha256:0' } },
};

async function served(answer: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(answer);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/adapters/one/`);
  } finally {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
}

test('an adapter loads from a static host as from a disk', async () => {
  const folder = memoryFolder();
  await saveAdapter(record, folder);
  const asked: string[] = [];
  await served(
    ({ url = '', headers }, response) => {
      asked.push(`${url} ${headers.authorization}`);
      const bytes = folder.files.get(url.replace('/adapters/one/', ''));
      if (bytes) response.end(bytes);
      else response.writeHead(404).end('no');
    },
    async (url) => {
      const headers = { Authorization: 'Bearer x' };
      expect(await loadAdapter(httpFolder(url, { headers }))).toEqual(record);
      expect(asked).toContain('/adapters/one/adapter_config.json Bearer x');
      expect(await httpFolder(url).open('../secret')).toBeNull();
      expect(await httpFolder(url).open('README.txt')).toBeNull();
    },
  );
});

test('what is no file is an error that names it', async () => {
  await served(
    (_, response) => response.writeHead(503).end(),
    (url) =>
      expect(loadAdapter(httpFolder(url))).rejects.toThrow(/adapters\/one\/[\w.]+\.json: the server answered 503/),
  );
  await served(
    (_, response) => response.writeHead(404).end(),
    (url) => expect(loadAdapter(httpFolder(url))).rejects.toThrow(/has no adapter_config\.json/),
  );
  await served(
    (_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{');
      setTimeout(() => response.destroy(), 20);
    },
    (url) => expect(loadAdapter(httpFolder(url))).rejects.toThrow(),
  );
});

test('an aborted request ends with the reason', async () => {
  const controller = new AbortController();
  await served(
    () => controller.abort(new Error('enough')),
    (url) => expect(loadAdapter(httpFolder(url, { signal: controller.signal }))).rejects.toThrow('enough'),
  );
});
