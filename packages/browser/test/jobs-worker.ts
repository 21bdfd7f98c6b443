// A worker with jobs for the tests of open-worker.ts.
import { serve } from '../src/worker/serve.ts';
import { transfer } from '../src/worker/transfer.ts';

let begun = 0;

export const jobs = serve({
  async *count({ to }: { to: number }) {
    for (let i = 1; i <= to; i++) {
      begun = i;
      yield i;
    }
  },
  async *untilAborted(_options: null, { signal }) {
    for (let i = 1; ; i++) {
      signal.throwIfAborted();
      yield i;
    }
  },
  async *closes({ name }: { name: string }) {
    try {
      yield 'open';
      yield 'never asked for';
    } finally {
      new BroadcastChannel(name).postMessage('closed');
    }
  },
  async *begun() {
    yield begun;
  },
  async *fails() {
    yield 1;
    throw new RangeError('[peftjs/test] the second step fails');
  },
  async *dies() {
    setTimeout(() => {
      throw new Error('thrown outside of every job');
    });
    await new Promise(() => {});
    yield 1;
  },
  async *bytes({ bytes }: { bytes: Uint8Array }) {
    const sum = bytes.reduce((a, b) => a + b, 0);
    const reply = new Uint8Array(bytes.length).fill(7);
    yield transfer({ sum, reply }, [reply.buffer]);
    yield { sum: reply.byteLength, reply: new Uint8Array(0) };
  },
});
