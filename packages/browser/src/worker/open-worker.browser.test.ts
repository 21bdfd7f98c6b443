import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { jobs } from '../../test/jobs-worker.ts';
import { openWorker } from './open-worker.ts';
import { transfer } from './transfer.ts';

function open() {
  const worker = openWorker<typeof jobs>(
    new Worker(new URL('../../test/jobs-worker.ts', import.meta.url), { type: 'module' }),
  );
  onTestFinished(() => worker.close());
  return worker;
}

async function all<T>(events: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const event of events) found.push(event);
  return found;
}

const soon = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

describe('openWorker', () => {
  it('gives the events of a job in order', async () => {
    expect(await all(open().run('count', { to: 4 }))).toEqual([1, 2, 3, 4]);
  });

  it('runs two jobs at once', async () => {
    const worker = open();
    const both = Promise.all([all(worker.run('count', { to: 3 })), all(worker.run('count', { to: 5 }))]);
    expect(await both).toEqual([
      [1, 2, 3],
      [1, 2, 3, 4, 5],
    ]);
  });

  it('does not run ahead of a page that asks for nothing', async () => {
    const worker = open();
    const events = worker.run('count', { to: 100 })[Symbol.asyncIterator]();
    await events.next();
    await events.next();
    await soon(50);
    expect(await all(worker.run('begun', undefined as never))).toEqual([2]);
  });

  it('stands still while it is paused, though the page asks', async () => {
    const worker = open();
    const run = worker.run('count', { to: 100 });
    const seen: number[] = [];
    const loop = (async () => {
      for await (const event of run) {
        seen.push(event);
        if (event === 3) run.pause();
      }
    })();
    await vi.waitFor(() => expect(run.paused).toBe(true), { timeout: 20_000 });
    await soon(100);
    expect([run.paused, seen]).toEqual([true, [1, 2, 3]]);
    expect(await all(worker.run('begun', undefined as never))).toEqual([3]);
    run.resume();
    await loop;
    expect([run.paused, seen.length]).toEqual([false, 100]);
  });

  it("aborts the job's signal, in a pause too", async () => {
    for (const paused of [false, true]) {
      const controller = new AbortController();
      const run = open().run('untilAborted', null, { signal: controller.signal });
      const seen: number[] = [];
      const loop = (async () => {
        for await (const event of run) {
          seen.push(event);
          if (event === 2 && paused) run.pause();
          if (event === 2) setTimeout(() => controller.abort());
          await soon(paused ? 0 : 20);
        }
      })();
      await expect(loop).rejects.toMatchObject({ name: 'AbortError' });
      expect(seen.length).toBeLessThan(5);
    }
  });

  it('starts nothing when the signal has aborted already', async () => {
    const run = open().run('untilAborted', null, { signal: AbortSignal.abort(new Error('before it began')) });
    await expect(all(run)).rejects.toThrow('before it began');
  });

  it('closes a job whose loop is left', async () => {
    const name = crypto.randomUUID();
    const channel = new BroadcastChannel(name);
    onTestFinished(() => channel.close());
    const closed = new Promise((heard) => channel.addEventListener('message', ({ data }) => heard(data)));
    for await (const event of open().run('closes', { name })) {
      expect(event).toBe('open');
      break;
    }
    expect(await closed).toBe('closed');
  });

  it('passes on an error with its name, message and stack', async () => {
    const error = await all(open().run('fails', undefined as never)).catch((caught: Error) => caught);
    expect(error).toMatchObject({ name: 'RangeError', message: '[peftjs/test] the second step fails' });
    expect((error as Error).stack).toContain('jobs-worker');
  });

  it('moves buffers that are transferred, both ways', async () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const events = await all(open().run('bytes', transfer({ bytes }, [bytes.buffer])));
    expect(bytes.length).toBe(0);
    expect(events).toEqual([
      { sum: 6, reply: Uint8Array.of(7, 7, 7) },
      { sum: 0, reply: new Uint8Array(0) },
    ]);
  });

  it('rejects what waits when the worker dies or is closed', async () => {
    await expect(all(open().run('dies', undefined as never))).rejects.toThrow(
      /\[peftjs\/browser\] the worker is gone: .*thrown outside of every job; open a new one/,
    );
    const worker = open();
    const run = worker.run('count', { to: 10 });
    const loop = (async () => {
      for await (const event of run) if (event === 2) run.pause();
    })();
    await vi.waitFor(() => expect(run.paused).toBe(true), { timeout: 20_000 });
    worker.close();
    await expect(loop).rejects.toThrow('the worker is gone: it was closed');
  });

  it('rejects at once what asks a worker that is gone', async () => {
    const worker = open();
    expect(await all(worker.run('count', { to: 1 }))).toEqual([1]);
    worker.close();
    await expect(all(worker.run('count', { to: 1 }))).rejects.toThrow('the worker is gone: it was closed');
  });

  it('rejects where the module does not load', async () => {
    const worker = openWorker(new Worker('/no-such-worker.ts', { type: 'module' }));
    await expect(all(worker.run('any' as never, null as never))).rejects.toThrow('the worker is gone: ');
  });

  it('names the job that was meant', async () => {
    await expect(all(open().run('cuont' as 'count', { to: 1 }))).rejects.toThrow(
      "[peftjs/browser] the worker serves no job 'cuont'; did you mean 'count'?",
    );
  });
});
