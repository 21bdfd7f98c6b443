// Learning-rate schedules: the share of the learning rate that a step gets.

/** @param step 0 in the first step @param total steps of the whole run */
export type Schedule = (step: number, total: number) => number;

export interface WarmupOptions {
  /** Steps in which the rate rises from 0; a number below 1 is a share of the run. 0 when left out. */
  readonly warmup?: number;
  /** The share that is left at the end; 0 when left out. */
  readonly floor?: number;
}

/** The same rate throughout. */
export const constant: Schedule = () => 1;

function after(shape: (progress: number) => number, { warmup = 0, floor = 0 }: WarmupOptions): Schedule {
  return (step, total) => {
    const rising = warmup < 1 ? Math.round(warmup * total) : warmup;
    if (step < rising) return (step + 1) / rising;
    const progress = Math.min(1, (step - rising) / Math.max(1, total - rising));
    return floor + (1 - floor) * shape(progress);
  };
}

/** Falls in a straight line. */
export function linear(options: WarmupOptions = {}): Schedule {
  return after((progress) => 1 - progress, options);
}

/** Falls along half a cosine (Loshchilov and Hutter, arXiv 1608.03983). */
export function cosine(options: WarmupOptions = {}): Schedule {
  return after((progress) => (1 + Math.cos(Math.PI * progress)) / 2, options);
}
