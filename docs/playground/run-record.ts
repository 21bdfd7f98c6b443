// What is known of a run: the choices, the curves, the samples. The worker keeps it beside the run's state, and the page
// draws it; both bring it up to date with `note`.
import type { StepEvent, TrainEvent } from '@peftjs/train';
import type { Choices, TrainingText } from './choices.ts';

/** A value at a step. */
export type Point = readonly [step: number, value: number];

export interface Sample {
  readonly step: number;
  readonly text: string;
}

/** What there is to train, and on what. */
export interface RunFacts {
  readonly backend: string;
  /** Numbers that are trained, and all there are. */
  readonly trainable: number;
  readonly all: number;
  /** Tokens to train on, and held out. */
  readonly trainTokens: number;
  readonly heldOutTokens: number;
  /** Whether the adapter can count for less or more than it was trained for. */
  readonly scalable: boolean;
}

export interface RunRecord {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly started: number;
  readonly choices: Choices;
  readonly text: TrainingText;
  /** The model's name, and whether it is the one that the site brings along. */
  readonly model: { readonly name: string; readonly builtIn: boolean };
  state: 'unfinished' | 'done';
  /** Steps taken. */
  step: number;
  facts: RunFacts | null;
  training: Point[];
  heldOut: Point[];
  samples: Sample[];
  speed: Speed;
  /** The most bytes that tensors held at once. */
  peakBytes: number;
  /** Of the adapter's files, once there are some. */
  adapterBytes: number | null;
}

/** Tokens and seconds of the steps, the first one apart: it compiles shaders and grows memory. */
interface Speed {
  warmUp: number;
  tokens: number;
  seconds: number;
}

export type RunEvent =
  | TrainEvent
  | { readonly type: 'prepared'; readonly facts: RunFacts }
  | ({ readonly type: 'sample' } & Sample)
  | { readonly type: 'kept'; readonly bytes: number; readonly finished: boolean };

/** Brings a record up to date. */
export function note(record: RunRecord, event: RunEvent): void {
  switch (event.type) {
    case 'prepared':
      record.facts = event.facts;
      record.speed = { warmUp: 0, tokens: 0, seconds: 0 };
      return;
    case 'resumed':
      record.step = event.step;
      record.training = record.training.filter(([step]) => step <= event.step);
      record.heldOut = record.heldOut.filter(([step]) => step <= event.step);
      record.samples = record.samples.filter(({ step }) => step <= event.step);
      return;
    case 'step':
      record.step = event.step;
      record.training.push([event.step, event.loss]);
      record.peakBytes = Math.max(record.peakBytes, event.peakBytes);
      noteSpeed(record.speed, event);
      return;
    case 'evaluation':
      record.heldOut.push([event.step, event.loss]);
      return;
    case 'sample':
      record.samples.push({ step: event.step, text: event.text });
      return;
    case 'kept':
      record.adapterBytes = event.bytes;
      record.state = event.finished ? 'done' : 'unfinished';
      return;
    case 'saved':
    case 'end':
      return;
    default:
      event satisfies never;
  }
}

function noteSpeed(speed: Speed, { tokens, tokensPerSecond }: StepEvent): void {
  const seconds = tokens / tokensPerSecond;
  if (speed.warmUp === 0) speed.warmUp = seconds;
  else {
    speed.tokens += tokens;
    speed.seconds += seconds;
  }
}

/** Tokens a second without the warm-up, or null before the second step. */
export function tokensPerSecond({ speed }: RunRecord): number | null {
  return speed.seconds === 0 ? null : speed.tokens / speed.seconds;
}

/** A training loss alone says more of its batch than of the run: the mean of so many is shown. */
const SMOOTHED = 5;

/** Each point as the mean of itself and those before it. */
export function smooth(points: readonly Point[]): Point[] {
  return points.map(([step], i) => {
    const last = points.slice(Math.max(0, i + 1 - SMOOTHED), i + 1);
    return [step, last.reduce((sum, [, loss]) => sum + loss, 0) / last.length];
  });
}

export function trainingLoss({ training }: RunRecord): number | null {
  return smooth(training.slice(-SMOOTHED)).at(-1)?.[1] ?? null;
}

export function heldOutLoss({ heldOut }: RunRecord): number | null {
  return heldOut.at(-1)?.[1] ?? null;
}

export function newRecord(from: Pick<RunRecord, 'choices' | 'text' | 'model'>): RunRecord {
  return {
    id: crypto.randomUUID(),
    started: Date.now(),
    ...from,
    state: 'unfinished',
    step: 0,
    facts: null,
    training: [],
    heldOut: [],
    samples: [],
    speed: { warmUp: 0, tokens: 0, seconds: 0 },
    peakBytes: 0,
    adapterBytes: null,
  };
}
