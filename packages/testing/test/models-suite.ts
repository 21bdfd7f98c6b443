// The suites of hosts and of LoRA on every model of @peftjs/models but the causal Llama.
import type { Backend } from '@peftjs/backend';
import { type Method, modulesToSave } from '@peftjs/core';
import { dora, lora, readLora } from '@peftjs/lora';
import { describeHost, describeMethod, describeOn, type HostCase } from '@peftjs/testing/suites';
import {
  tinyBert,
  tinyBertEncoder,
  tinyBertTagger,
  tinyGpt2,
  tinyGpt2Classifier,
  tinyLlamaClassifier,
  tinyOwn,
  tinyVit,
} from './tiny-hosts.ts';

const HOSTS: Readonly<Record<string, () => Promise<HostCase>>> = {
  gpt2: tinyGpt2,
  'gpt2 that classifies': tinyGpt2Classifier,
  'llama that classifies': tinyLlamaClassifier,
  'bert that classifies': tinyBert,
  'bert that classifies tokens': tinyBertTagger,
  'bert that embeds': tinyBertEncoder,
  vit: tinyVit,
};

export function describeModels(backend: Backend): void {
  describeOn(backend, 'hosts', () => {
    for (const [name, host] of Object.entries(HOSTS)) describeHost(name, host);
    describeHost('plain functions', tinyOwn);
  });
  describeOn(backend, 'LoRA and DoRA by role', () => {
    const family = readLora();
    describeMethod(
      'every matrix of plain functions',
      () => lora({ r: 2, targets: ['attn.q', 'patch', 'table', 'head'] }),
      {
        host: tinyOwn,
        family,
      },
    );
    for (const [name, host] of Object.entries(HOSTS)) {
      const on = (what: string, make: () => Method | Method[], more = {}) =>
        describeMethod(`${what} on ${name}`, make, { host, family, ...more });
      on('all linear', () => lora({ r: 3 }));
      on('embedding and output of blocks', () => lora({ r: 2, targets: ['embed', 'attn.o', 'mlp.down'] }));
      on('DoRA', () => dora({ r: 2, targets: ['attn.q', 'mlp.up'] }), { start: 'rounding', detached: true });
      const whole = name === 'bert that embeds' ? ['attn.o', 'embed'] : ['head', 'attn.o'];
      on('with modules whole', () => [lora({ r: 2, targets: ['attn.v'] }), modulesToSave(whole)]);
    }
  });
}
