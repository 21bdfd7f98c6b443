// Where a command's output goes: lines for people, or JSON for machines, never both.
import type { MultiBar as Bars } from 'cli-progress';

/** What a command's output is; see `Command`. */
export type Output = 'report' | 'events' | 'text';

/** What is written to: a process's stdout, or a test's. */
export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Progress {
  /** @param note short text at the end of the bar */
  update(done: number, note?: string): void;
  stop(): void;
}

export interface Reporter {
  /** A line for people. */
  say(line?: string): void;
  /** Part of what the command makes, for people. */
  write(text: string): void;
  /** Something that has happened, for machines. */
  event(value: object): void;
  /** What came of it all, for machines. */
  result(value: object): void;
  /** A bar at the bottom while lines go by above it; nothing where the output is no terminal. */
  progress(total: number, unit: string): Promise<Progress>;
}

export interface ReporterOptions {
  readonly out: Sink;
  readonly err: Sink;
  readonly json: boolean;
  readonly output: Output;
}

export function createReporter({ out, err, json, output }: ReporterOptions): Reporter {
  let bars: Bars | null = null;
  const put = (to: Sink, text: string) => {
    if (bars === null) to.write(text);
    else bars.log(text);
  };
  const object = (value: object) => {
    if (json) out.write(`${JSON.stringify(value)}\n`);
  };
  return {
    say: (line = '') => {
      if (!json) put(output === 'text' ? err : out, `${line}\n`);
    },
    write: (text) => {
      if (!json) put(out, text);
    },
    event: (value) => {
      if (output === 'events') object(value);
    },
    result: object,
    async progress(total, unit) {
      if (json || out.isTTY !== true) return { update: () => {}, stop: () => {} };
      const { MultiBar, Presets } = (await import('cli-progress')).default;
      const format = `{bar} {value}/{total} ${unit} {note}`;
      const shown = {
        format,
        stream: out as NodeJS.WriteStream,
        clearOnComplete: true,
        gracefulExit: false,
        barsize: 24,
      };
      const mine = new MultiBar({ ...shown, hideCursor: true }, Presets.shades_classic);
      const bar = mine.create(total, 0, { note: '' });
      bars = mine;
      return {
        update: (done, note = '') => {
          bar.update(done, { note });
          mine.update();
        },
        stop: () => {
          mine.update();
          mine.stop();
          bars = null;
        },
      };
    },
  };
}
