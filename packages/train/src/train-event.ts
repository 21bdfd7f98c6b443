// What a run reports as it goes.

export interface StepEvent {
  readonly type: 'step';
  /** 1 for the first. */
  readonly step: number;
  /** Steps of the whole run. */
  readonly steps: number;
  readonly epoch: number;
  /** Mean cross-entropy over the tokens that count, in nats, before the step. */
  readonly loss: number;
  readonly learningRate: number;
  /** Joint norm of the gradients before clipping. */
  readonly gradientNorm: number;
  /** Tokens read, padding not counted. */
  readonly tokens: number;
  readonly tokensPerSecond: number;
  readonly stepsPerSecond: number;
  /** The most bytes that distinct tensors have held at once during the step. */
  readonly peakBytes: number;
}

export interface EvaluationEvent {
  readonly type: 'evaluation';
  /** Steps taken before it. */
  readonly step: number;
  /** Mean cross-entropy in nats. */
  readonly loss: number;
  /** e to the loss. */
  readonly perplexity: number;
  readonly best: boolean;
}

export interface SavedEvent {
  readonly type: 'saved';
  readonly step: number;
}

export interface ResumedEvent {
  readonly type: 'resumed';
  /** Steps taken before. */
  readonly step: number;
}

export interface EndEvent {
  readonly type: 'end';
  readonly step: number;
  readonly reason: 'done' | 'no improvement';
}

export type TrainEvent = StepEvent | EvaluationEvent | SavedEvent | ResumedEvent | EndEvent;
