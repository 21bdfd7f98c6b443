// The threads that help the main one: workers that never leave the kernel module's `serve`.

/** What a worker is told. */
interface Task {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly job: number;
  readonly threads: number;
}

const SERVE = `({ module, memory, job, threads, thread }) => {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  exports.attach(job, threads, 1);
  try {
    exports.serve(thread);
  } catch (error) {
    exports.fail();
    throw error;
  }
}`;

/** How many threads this machine runs at once. */
export async function coreCount(): Promise<number> {
  if (inNode()) return (await import('node:os')).availableParallelism();
  return globalThis.navigator?.hardwareConcurrency ?? 1;
}

/** Whether memory can be shared between threads here; a page must be cross-origin isolated. */
export function canShareMemory(): boolean {
  if (typeof SharedArrayBuffer === 'undefined') return false;
  return inNode() || (globalThis.crossOriginIsolated === true && typeof Worker === 'function');
}

/** Whether this thread may sleep until another wakes it; the main thread of a page may not. */
export function mayBlock(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
}

/** Starts `task.threads - 1` workers. They hold nothing up: neither the first kernel nor the end of the process. */
export async function startWorkers(task: Task): Promise<void> {
  const start = inNode() ? await nodeWorker() : browserWorker();
  for (let thread = 1; thread < task.threads; thread++) start({ ...task, thread });
}

async function nodeWorker(): Promise<(task: Task & { readonly thread: number }) => void> {
  const { Worker } = await import('node:worker_threads');
  const source = `(${SERVE})(require('node:worker_threads').workerData)`;
  return (workerData) => new Worker(source, { eval: true, execArgv: [], workerData }).unref();
}

function browserWorker(): (task: Task & { readonly thread: number }) => void {
  const url = URL.createObjectURL(new Blob([`onmessage = (e) => (${SERVE})(e.data)`], { type: 'text/javascript' }));
  return (task) => new Worker(url).postMessage(task);
}

function inNode(): boolean {
  return typeof process !== 'undefined' && process.versions?.node !== undefined;
}
