// The training loop: an async iterator of events. One step reads back two numbers, the loss and the gradients' norm.
import { engine, memoryMeter, nextTurn } from '@peftjs/backend';
import { adaptersOf, type Parameter, penalty } from '@peftjs/core';
import { dispose, mul, type Variable } from '@tensorflow/tfjs-core';
import { adamw } from './adamw.ts';
import { checkOptions } from './check-options.ts';
import { type GradientSum, gradientSum } from './gradient-sum.ts';
import type { Batches, Learner } from './learner.ts';
import { meanLoss } from './mean-loss.ts';
import { keepSlots, type Slots } from './optimizer.ts';
import { groupParameters, joinedShape } from './parameter-groups.ts';
import { linear } from './schedules.ts';
import type { EvaluationEvent, StepEvent, TrainEvent } from './train-event.ts';
import type { TrainOptions } from './train-options.ts';
import { collect, ownersOf, putBack } from './train-state.ts';
import { updateParameters } from './update-parameters.ts';

/**
 * Trains the adapters of a model, or what `trainable` names. Nothing happens until the first event is asked for.
 *
 * @throws when an option is out of its range, there is no batch, nothing is trainable, no token counts, a loss is not finite, or the signal aborts (its reason); a run with
 *   a store is saved before that
 * @example
 * for await (const e of train(model, batches, { learningRate: 2e-4 })) if (e.type === 'step') console.log(e.step, e.loss);
 */
export async function* train<B>(
  model: Learner<B>,
  batches: Batches<B>,
  options: TrainOptions<B>,
): AsyncGenerator<TrainEvent> {
  const {
    accumulate = 1,
    epochs = 1,
    objective = model,
    optimizer = adamw(),
    schedule = linear({ warmup: 0.03 }),
    clip = 1,
    seed = 0,
    rates = () => 1,
    after = [],
  } = options;
  const { evaluate, store, saveEvery = 100, signal, learningRate } = options;
  checkOptions(batches, options);
  const parameters = trainableOf(model, options);
  const variables = parameters.map((p) => p.variable);
  const perEpoch = Math.ceil(batches.size / accumulate);
  const total = options.steps ?? epochs * perEpoch;
  const recipe = JSON.stringify({
    optimizer: [optimizer.name, optimizer.options],
    learningRate,
    schedule: [0, 0.01, 0.1, 0.5, 0.9, 1].map((share) => schedule(Math.round(share * (total - 1)), total)),
    total,
    accumulate,
    clip,
    seed,
    size: batches.size,
    ...(parameters.some((p) => rates(p) !== 1) && { rates: parameters.map(rates) }),
    ...(after.length > 0 && { after: after.map((one) => [one.name, one.options]) }),
  });
  const meter = memoryMeter();
  const groups = groupParameters(variables, parameters.map(rates), optimizer.elementwise === true);
  const owners = ownersOf(parameters, groups, after);
  const shapes = groups.map(({ members }) => joinedShape(members.map((i) => variables[i] as Variable)));
  // Of each group of parameters, then of each thing done after a step.
  let slots: Slots[] = [
    ...shapes.map((shape) => engine().tidy(() => keepSlots(optimizer.slots(shape)))),
    ...after.map((one) => engine().tidy(() => keepSlots(one.slots(parameters)))),
  ];
  let taken = 0;
  let best: number | null = null;
  let stale = 0;

  const evaluation = async (): Promise<EvaluationEvent> => {
    // Where the run is saved at the end, an evaluation is finished first: the state is that of a whole step.
    const loss = await meanLoss(model, evaluate?.batches as Batches<B>, store && taken > 0 ? undefined : signal);
    const improved = best === null || loss < best;
    best = improved ? loss : best;
    stale = improved ? 0 : stale + 1;
    return { type: 'evaluation', step: taken, loss, perplexity: Math.exp(loss), best: improved };
  };
  const save = async () =>
    store?.save({ step: taken, best, stale, recipe, tensors: await collect(parameters, owners, slots) });

  async function takeStep(): Promise<StepEvent> {
    const started = performance.now();
    meter.reset();
    const part = microBatches(batches, taken, accumulate);
    const counts = part.map((batch) => objective.count(batch));
    const targets = counts.reduce((n, count) => n + count.targets, 0);
    if (targets === 0) throw new Error(`[peftjs/train] no target of step ${taken + 1} counts; every label is -100`);
    const contexts = part.map((_, i) => ({ training: true, seed: seed * 1_000_003 + taken * accumulate + i }));
    const sums = gradientSum(objective, part, variables, contexts, () => {
      const more = penalty(model, options.trainable);
      return more && mul(more, targets);
    });
    const { grads } = sums;
    const [loss, gradientNorm] = await readMeans(sums, targets).catch((error) => {
      dispose([...grads]);
      throw error;
    });
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      dispose([...grads]);
      throw new Error(
        `[peftjs/train] step ${taken + 1}: the loss is ${loss} and the gradient's norm ${gradientNorm}; lower the learning rate`,
      );
    }
    const rate = learningRate * schedule(taken, total);
    const gradientScale = Math.min(1, clip / (gradientNorm + 1e-6)) / targets;
    taken++;
    const args = { learningRate: rate, step: taken, gradientScale };
    const optimized = updateParameters(optimizer, groups, variables, grads, slots, args);
    const done = after.map((one, i) =>
      engine().tidy(() => {
        const before = slots[groups.length + i] as Slots;
        const gradients = grads.map((g) => mul(g, 1 / targets));
        const kept = keepSlots(one.update({ parameters, gradients, slots: before, step: taken, steps: total }));
        dispose(Object.values(before));
        return kept;
      }),
    );
    dispose([...grads]);
    slots = [...optimized, ...done];
    const seconds = (performance.now() - started) / 1000;
    const tokens = counts.reduce((n, count) => n + count.tokens, 0);
    return {
      type: 'step',
      step: taken,
      steps: total,
      epoch: Math.floor((taken - 1) / perEpoch),
      loss,
      learningRate: rate,
      gradientNorm,
      tokens,
      tokensPerSecond: tokens / seconds,
      stepsPerSecond: 1 / seconds,
      peakBytes: meter.peakBytes,
    };
  }

  const ends = () => evaluate?.patience !== undefined && stale >= evaluate.patience;
  try {
    const saved = (await store?.load()) ?? null;
    if (saved !== null) {
      if (saved.recipe !== recipe) {
        throw new Error(
          `[peftjs/train] the saved run had other options: ${saved.recipe}; these are ${recipe}. Use the same, or another folder`,
        );
      }
      slots = putBack(parameters, owners, slots, saved.tensors).map(keepSlots);
      ({ step: taken, best, stale } = saved);
      yield { type: 'resumed', step: taken };
    } else if (evaluate !== undefined) yield await evaluation();
    while (taken < total && !ends()) {
      await nextTurn();
      if (signal?.aborted && store !== undefined && taken > 0) {
        await save();
        yield { type: 'saved', step: taken };
      }
      signal?.throwIfAborted();
      yield await takeStep();
      const last = taken === total;
      if (evaluate !== undefined && (last || taken % (evaluate.every ?? total) === 0)) yield await evaluation();
      if (store !== undefined && (last || ends() || taken % saveEvery === 0)) {
        await save();
        yield { type: 'saved', step: taken };
      }
    }
    yield { type: 'end', step: taken, reason: ends() ? 'no improvement' : 'done' };
  } finally {
    for (const one of slots) dispose(Object.values(one));
  }
}

/** The loss and the gradients' norm, both over so many targets. */
async function readMeans({ loss, norm }: GradientSum, targets: number): Promise<[loss: number, norm: number]> {
  try {
    const [[sum], [length]] = (await Promise.all([loss.data(), norm.data()])) as unknown as [[number], [number]];
    return [sum / targets, length / targets];
  } finally {
    dispose([loss, norm]);
  }
}

function trainableOf<B>(model: Learner<B>, { trainable }: TrainOptions<B>): Parameter[] {
  const named = trainable === undefined ? adaptersOf(model).filter((a) => a.active) : [trainable];
  const parameters = named.flatMap((t) => t.parameters).filter((p) => p.trainable);
  if (parameters.length === 0) {
    throw new Error(
      '[peftjs/train] nothing is trainable; attach an adapter to the model, or give its parameters() as "trainable"',
    );
  }
  return parameters;
}

/** The batches of one step, in the order of the data; the last step of an epoch has what is left. */
function microBatches<B>(batches: Batches<B>, step: number, accumulate: number): B[] {
  const perEpoch = Math.ceil(batches.size / accumulate);
  const epoch = Math.floor(step / perEpoch);
  const first = (step % perEpoch) * accumulate;
  const count = Math.min(accumulate, batches.size - first);
  return Array.from({ length: count }, (_, i) => batches.get(epoch, first + i));
}
