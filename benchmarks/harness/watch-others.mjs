// @ts-check
// How much of the processor other processes took while something was measured. Linux only; elsewhere nothing is known.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Share of the processor from which others have spoiled a round. */
const DISTURBED = 0.05;
/** Ticks a second in /proc. */
const TICKS = 100;

/** @param {readonly number[]} pids of the processes that are measured @returns {{ at: number, others: number } | null} seconds */
function clock(pids) {
  try {
    const [, ...fields] = /** @type {string} */ (readFileSync('/proc/stat', 'utf8').split('\n')[0]).trim().split(/\s+/);
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields.map(Number);
    const own = [process.pid, ...pids].reduce((sum, pid) => {
      const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const after = text.slice(text.lastIndexOf(')') + 2).split(' ');
      return sum + Number(after[11]) + Number(after[12]);
    }, 0);
    return { at: performance.now() / 1000, others: (user + nice + system + irq + softirq + steal - own) / TICKS };
  } catch {
    return null;
  }
}

/**
 * Starts to watch; what it gives says, each time it is called, the share since the call before: 0 to 1, null if unknown.
 * @param {readonly number[]} pids
 */
export function watchOthers(pids) {
  let before = clock(pids);
  return () => {
    const now = clock(pids);
    const share = before && now ? (now.others - before.others) / ((now.at - before.at) * availableParallelism()) : null;
    before = now;
    return share === null ? null : Number(Math.max(0, share).toFixed(3));
  };
}

/**
 * Says loudly which rounds others have spoiled.
 * @param {readonly (number | null)[]} shares of the rounds
 */
export function warnOfOthers(shares) {
  const spoiled = shares.filter((share) => share !== null && share > DISTURBED).length;
  if (spoiled === 0) return;
  const most = Math.round(100 * Math.max(...shares.map((share) => share ?? 0)));
  console.error(
    `WARNING: in ${spoiled} of ${shares.length} rounds other processes took over ${100 * DISTURBED} % of the processor, up to ${most} %; measure again`,
  );
}
