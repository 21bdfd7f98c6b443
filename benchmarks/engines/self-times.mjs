// @ts-check
// How long each operation takes, without what it calls: the engine's one door to every kernel is watched.

/**
 * @typedef {object} SelfTime
 * @property {string} name of the kernel or fused op; a fused op's gradient is named apart
 * @property {number} calls
 * @property {number} ms
 *
 * @typedef {object} Profile
 * @property {number} totalMs
 * @property {number} outsideMs in none of the operations: JavaScript between them
 * @property {number} kernels that ran; an operation that calls others is none
 * @property {SelfTime[]} operations the dearest first
 *
 * @typedef {object} Frame
 * @property {string} name
 * @property {number} inner ms
 * @property {boolean} leaf
 */

/**
 * Runs `f` and gives where its time went. The watching itself costs a microsecond or so an operation.
 * @param {object} engine tfjs's
 * @param {() => Promise<void>} f
 * @returns {Promise<Profile>}
 */
export async function selfTimes(engine, f) {
  const watched = /** @type {any} */ (engine);
  const shipped = watched.runKernelFunc;
  /** @type {Map<string, SelfTime>} */
  const found = new Map();
  /** @type {Frame[]} */
  const stack = [];
  let kernels = 0;

  const timed = (/** @type {string} */ name, /** @type {() => any} */ run) => {
    const frame = { name, inner: 0, leaf: true };
    const outer = stack.at(-1);
    if (outer) outer.leaf = false;
    stack.push(frame);
    const started = performance.now();
    try {
      return run();
    } finally {
      const ms = performance.now() - started;
      stack.pop();
      if (outer) outer.inner += ms;
      if (frame.leaf) kernels++;
      const entry = found.get(name) ?? { name, calls: 0, ms: 0 };
      entry.calls++;
      entry.ms += ms - frame.inner;
      found.set(name, entry);
    }
  };
  /** The gradients of a fused op are closures, each of which may run kernels of its own. */
  const timedGradient =
    (/** @type {string} */ name, /** @type {any} */ backwardsFunc) =>
    (/** @type {any[]} */ ...args) => {
      const closures = backwardsFunc(...args);
      return Object.fromEntries(
        Object.entries(closures).map(([input, closure]) => [input, () => timed(`${name} gradient`, closure)]),
      );
    };

  watched.runKernelFunc = (/** @type {any} */ call) => {
    const name = call.kernelName ?? watched.state.activeScope?.name ?? 'unnamed';
    const { backwardsFunc } = call;
    const given = backwardsFunc ? { ...call, backwardsFunc: timedGradient(name, backwardsFunc) } : call;
    return timed(name, () => shipped.call(watched, given));
  };
  const started = performance.now();
  try {
    await f();
  } finally {
    delete watched.runKernelFunc;
  }
  const totalMs = performance.now() - started;
  const operations = [...found.values()].sort((a, b) => b.ms - a.ms);
  const inside = operations.reduce((sum, { ms }) => sum + ms, 0);
  return { totalMs, outsideMs: totalMs - inside, kernels, operations };
}
