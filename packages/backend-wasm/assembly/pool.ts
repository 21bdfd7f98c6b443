// Fork and join over shared memory: the main thread publishes a job of numbered chunks, every thread that is awake claims
// them one by one, and the main thread goes on when all are done. It never waits for a thread that has claimed nothing.
import { runChunk } from './dispatch';

// The job record, at `job`. Its word holds the number of the job and that of the next chunk in one, so that a claim
// succeeds only on the job whose fields were read.
const NEXT: usize = 0;
const NUMBER: usize = 4;
const FINISHED: usize = 64;
const FAILED: usize = 68;
const SLEEPERS: usize = 128;
const KERNEL: usize = 192;
const CHUNKS: usize = 196;
const SCRATCH: usize = 200;
const SCRATCH_BYTES: usize = 204;
const ARGS: usize = 256;
/** Bytes of the job record. */
export const JOB_BYTES: i32 = 1024;

/** Where the chunk counter of a job stands that has no chunks to give. */
const CLOSED: i64 = 0x7fffffff;

/** How long an idle thread looks for work before it sleeps: about 50 microseconds of loads. */
const SPINS: i32 = 20000;

let job: usize = 0;
let threads: i32 = 1;
let mayBlock: bool = false;

/** Makes `record` the job record of this thread. */
export function attach(record: usize, threadCount: i32, canBlock: bool): void {
  job = record;
  threads = threadCount;
  mayBlock = canBlock;
}

/** On the main thread, once: an empty job record. */
export function reset(): void {
  memory.fill(job, 0, JOB_BYTES);
  store<i64>(job + NEXT, CLOSED);
}

export function setScratch(at: usize, bytesPerThread: i32): void {
  store<usize>(job + SCRATCH, at);
  store<i32>(job + SCRATCH_BYTES, bytesPerThread);
}

/** Memory that the chunk in hand may use: its own on each thread. */
// @ts-ignore: decorator
@inline
export function scratchOf(thread: i32): usize {
  return load<usize>(job + SCRATCH) + thread * load<i32>(job + SCRATCH_BYTES);
}

/** Memory that all chunks share. */
// @ts-ignore: decorator
@inline
export function sharedScratch(): usize {
  return scratchOf(threads);
}

// @ts-ignore: decorator
@inline
export function setArg<T>(i: i32, value: T): void {
  store<T>(job + ARGS + (i << 2), value);
}

// @ts-ignore: decorator
@inline
export function arg<T>(i: i32): T {
  return load<T>(job + ARGS + (i << 2));
}

/**
 * How many chunks to cut `items` into: enough that threads of unequal speed end together, and none so small that claiming
 * it costs more than doing it.
 */
export function chunksFor(items: i32, workPerItem: f64, workPerChunk: f64): i32 {
  if (threads == 1) return 1;
  const byWork = <i32>min(<f64>items * workPerItem / workPerChunk, 1e6);
  return max(1, min(items, min(byWork, threads * 4)));
}

/** Where chunk `c` of `chunks` begins among `items`. */
// @ts-ignore: decorator
@inline
export function startOf(c: i32, chunks: i32, items: i32): i32 {
  return <i32>((<i64>c * <i64>items) / <i64>chunks);
}

/** How many chunks the job in hand has. */
// @ts-ignore: decorator
@inline
export function chunkCount(): i32 {
  return load<i32>(job + CHUNKS);
}

/**
 * Runs a kernel, whose arguments have been set, over all of its chunks.
 * @param alone whether there is so little to do that the main thread had better do it alone
 */
export function parallel(kernel: i32, chunks: i32, alone: bool = false): void {
  store<i32>(job + CHUNKS, chunks);
  if (chunks == 1 || threads == 1 || alone) {
    for (let c = 0; c < chunks; c++) runChunk(kernel, c, 0);
    return;
  }
  store<i32>(job + KERNEL, kernel);
  atomic.store<i32>(job + FINISHED, 0);
  const number = <i64>(load<i32>(job + NUMBER) + 1) << 32;
  atomic.store<i64>(job + NEXT, number);
  if (atomic.load<i32>(job + SLEEPERS) > 0) atomic.notify(job + NUMBER, threads);
  help(0);
  let spins = SPINS;
  for (;;) {
    const finished = atomic.load<i32>(job + FINISHED);
    if (finished == chunks) break;
    if (mayBlock && --spins < 0) atomic.wait<i32>(job + FINISHED, finished, 50_000);
  }
  atomic.store<i64>(job + NEXT, number | CLOSED);
  if (atomic.load<i32>(job + FAILED) != 0) unreachable();
}

/** On a worker whose chunk has trapped: lets the main thread go on, and fail. */
export function fail(): void {
  atomic.store<i32>(job + FAILED, 1);
  atomic.add<i32>(job + FINISHED, 1);
}

/** Claims and runs chunks of the job in hand until there are none left. */
function help(thread: i32): void {
  for (;;) {
    const word = atomic.load<i64>(job + NEXT);
    const chunk = <i32>word;
    if (chunk >= load<i32>(job + CHUNKS)) return;
    const kernel = load<i32>(job + KERNEL);
    if (atomic.cmpxchg<i64>(job + NEXT, word, word + 1) != word) continue;
    runChunk(kernel, chunk, thread);
    atomic.add<i32>(job + FINISHED, 1);
  }
}

/** A worker's life: never returns. */
export function serve(thread: i32): void {
  let seen = 0;
  for (;;) {
    let spins = SPINS;
    while (spins > 0 && atomic.load<i32>(job + NUMBER) == seen) spins--;
    if (spins == 0) {
      atomic.add<i32>(job + SLEEPERS, 1);
      atomic.wait<i32>(job + NUMBER, seen, -1);
      atomic.sub<i32>(job + SLEEPERS, 1);
    }
    seen = atomic.load<i32>(job + NUMBER);
    help(thread);
  }
}
