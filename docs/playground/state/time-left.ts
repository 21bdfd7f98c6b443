// How long a run still takes, from the pace of its last steps.

export interface TimeLeft {
  /** Tells of a step that has been taken, and gives the seconds left. */
  step(step: number, steps: number): number | null;
  /** The clock stood still: what lies between two steps now says nothing. */
  reset(): void;
}

/** How much the newest step counts in the mean. */
const WEIGHT = 0.15;

export function timeLeft(now: () => number = () => performance.now()): TimeLeft {
  let last: number | null = null;
  let pace: number | null = null;
  return {
    step(step, steps) {
      const at = now();
      if (last !== null) {
        const took = (at - last) / 1000;
        pace = pace === null ? took : pace + WEIGHT * (took - pace);
      }
      last = at;
      return pace === null ? null : pace * (steps - step);
    },
    reset() {
      last = null;
    },
  };
}
