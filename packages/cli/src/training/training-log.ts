// What is shown and kept of a run as it goes: a line every few steps, the curve, the figures of the end.
import type { EvaluationEvent, StepEvent } from '@peftjs/train';
import { bytes, count } from '../figures.ts';
import type { Progress, Reporter } from '../reporter.ts';

export interface TrainingLog {
  step(event: StepEvent): Promise<void>;
  evaluation(event: EvaluationEvent): void;
  /** Takes the bar away. */
  close(): void;
  /** Of every step. */
  readonly losses: readonly number[];
  readonly tokens: number;
  readonly peakBytes: number;
  readonly seconds: number;
}

/** Steps since the last line, for its means. */
interface Since {
  steps: number;
  loss: number;
  tokens: number;
  seconds: number;
  peak: number;
}

const nothing = (): Since => ({ steps: 0, loss: 0, tokens: 0, seconds: 0, peak: 0 });

/** @param every steps between two lines */
export function trainingLog(report: Reporter, every: number): TrainingLog {
  let bar: Progress | null = null;
  const losses: number[] = [];
  const whole = nothing();
  let since = nothing();
  return {
    losses,
    get tokens() {
      return whole.tokens;
    },
    get peakBytes() {
      return whole.peak;
    },
    get seconds() {
      return whole.seconds;
    },
    async step(event) {
      losses.push(event.loss);
      for (const sums of [since, whole]) {
        sums.steps++;
        sums.loss += event.loss;
        sums.tokens += event.tokens;
        sums.seconds += 1 / event.stepsPerSecond;
        sums.peak = Math.max(sums.peak, event.peakBytes);
      }
      bar ??= await report.progress(event.steps, 'steps');
      bar.update(event.step, `loss ${event.loss.toFixed(4)}`);
      if (event.step % every !== 0 && event.step !== event.steps) return;
      report.say(stepLine(event, since));
      since = nothing();
    },
    close: () => bar?.stop(),
    evaluation({ loss, perplexity, best }) {
      report.say(
        `  held out: loss ${loss.toFixed(4)}, perplexity ${perplexity.toFixed(2)}${best ? '' : ' (no better)'}`,
      );
    },
  };
}

/** Loss and rates are means over the steps since the last line. */
function stepLine({ step, steps, learningRate }: StepEvent, since: Since): string {
  const width = String(steps).length;
  return [
    `step ${String(step).padStart(width)}/${steps}`,
    `loss ${(since.loss / since.steps).toFixed(4)}`,
    `lr ${learningRate.toExponential(2)}`,
    `${(since.steps / since.seconds).toFixed(2)} steps/s`,
    `${count(since.tokens / since.seconds)} tokens/s`,
    `peak ${bytes(since.peak)}`,
  ].join('  ');
}
