// Text from the model with its adapter, in pieces as they come.
import { route } from '@peftjs/core';
import { streamText } from '@peftjs/models';
import { attachedAdapter, session } from './session.ts';

export interface TextOptions {
  readonly prompt: string;
  readonly seed: number;
  /** How much the adapter counts: 0 is the base alone. */
  readonly strength: number;
}

/** What texts here and in the samples of a run have in common. */
export const SAMPLING = { maxNewTokens: 48, temperature: 0.8, topP: 0.95 } as const;

export async function* writeText({ prompt, seed, strength }: TextOptions, signal: AbortSignal): AsyncGenerator<string> {
  const adapter = attachedAdapter();
  const routes = adapter === null || strength === 0 ? route() : route([adapter, strength]);
  yield* streamText(session().model, prompt, { ...SAMPLING, seed, routes, signal });
}
