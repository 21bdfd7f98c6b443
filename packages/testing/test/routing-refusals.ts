// Routes that are refused: in every kind of pass, and nothing is left of it.
import { attach, merge, type Route, route } from '@peftjs/core';
import { lora, pissa } from '@peftjs/lora';
import type { CausalLM } from '@peftjs/models';
import { prefixTuning, promptTuning } from '@peftjs/prefix-tuning';
import { memory } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { through } from './routed-rows.ts';
import { batchFor, ROW_MODELS } from './row-models.ts';

/** On the active backend. */
export function describeRefusals(): void {
  let model: CausalLM;
  beforeEach(async () => {
    model = await ROW_MODELS.llama();
  });
  afterEach(() => model.dispose());

  const batch = () => batchFor(model, [[3, 4], [5]]);
  const expectRefused = (routes: Route | readonly Route[], message: string) => {
    const before = memory().numTensors;
    for (const pass of [
      () => model.logits(batch(), through(routes)),
      () => model.loss(batch(), through(routes)),
      () => model.step(batch(), null, through(routes)),
    ])
      expect(pass).toThrow(message);
    expect(memory().numTensors).toBe(before);
  };

  it('of another model, detached or merged adapters, too many or too few, at no strength', async () => {
    const other = await ROW_MODELS.gpt2();
    const foreign = attach(other, lora({ r: 2 }), { name: 'foreign' });
    expectRefused(route(foreign), '[peftjs/core] adapter "foreign" is on another model; attach it to this one');
    foreign.detach();
    other.dispose();
    const notes = attach(model, lora({ r: 2 }), { name: 'notes' });
    expectRefused([route(notes)], '[peftjs/core] 1 routes for a batch of 2 rows; give one a row, or one for all');
    expectRefused([], '0 routes for a batch of 2 rows');
    expectRefused([route(), route([notes, Number.NaN])], '"notes" has a strength of NaN; give a number');
    await merge(notes);
    expectRefused([route(notes), route()], '"notes" is merged into the base of all rows; unmerge it first');
    notes.detach();
    expectRefused(route(notes), 'adapter "notes" is detached; attach it again');
  });

  it('beside an adapter that has changed the base', () => {
    const notes = attach(model, lora({ r: 2 }), { name: 'notes' });
    const resident = attach(model, lora({ r: 2, init: pissa, targets: ['attn.q'] }), { name: 'resident' });
    const message = '"resident" has taken its start out of the base\'s weights (PiSSA, OLoRA); all rows must run it';
    expectRefused([route(notes), route(resident)], message);
    expectRefused(route(notes), message);
    model.logits(batch(), through([route(notes, resident), route(resident)])).dispose();
    resident.detach();
    notes.detach();
  });

  it('with a prompt half there, or more positions than the context has', () => {
    const prompt = attach(model, promptTuning({ tokens: 30 }), { name: 'prompt' });
    const prefix = attach(model, prefixTuning({ tokens: 30 }), { name: 'prefix' });
    for (const half of [prompt, prefix]) expectRefused([route([half, 0.5]), route()], 'has no strength but 1 or 0');
    expectRefused(
      [route(prompt, prefix), route()],
      "2 tokens and 60 virtual ones are more than the model's context of 48",
    );
    model.logits(batch(), through([route(prompt), route(prefix)])).dispose();
    prefix.detach();
    prompt.detach();
  });
}
