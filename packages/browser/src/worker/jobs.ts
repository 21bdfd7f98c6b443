/** What a job in a worker is given beside its options. */
export interface JobContext {
  /** Aborts when the page does. */
  readonly signal: AbortSignal;
}

/** A job gives events, one whenever the page asks for it. Its options and its events cross by structured clone. */
export type Job = (options: never, context: JobContext) => AsyncIterable<unknown>;

/** The jobs of a worker, by name. */
export type Jobs = Readonly<Record<string, Job>>;

/** What a page gives a job. */
export type OptionsOf<J extends Job> = Parameters<J>[0];

/** What a job gives a page. */
export type EventOf<J extends Job> = ReturnType<J> extends AsyncIterable<infer Event> ? Event : never;

/** What the two sides say to each other. */
export interface JobCalls {
  start(name: string, options: unknown): number;
  next(run: number): Promise<{ readonly done: boolean; readonly value: unknown }>;
  abort(run: number, name: string, message: string): void;
  stop(run: number): Promise<void>;
}
