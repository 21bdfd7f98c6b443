// A tf.LayersModel through the suites of hosts and methods.
import { bottleneck, readBottleneck } from '@peftjs/adapters';
import type { Backend } from '@peftjs/backend';
import { modulesToSave } from '@peftjs/core';
import { lora, readLora } from '@peftjs/lora';
import { describeHost, describeMethod, describeOn } from '@peftjs/testing/suites';
import { tinyImages, tinyTokens } from './tiny-layers.ts';

export function describeLayers(backend: Backend): void {
  describeOn(backend, 'tf.LayersModel', () => {
    describeHost('images', tinyImages);
    describeHost('tokens', tinyTokens);
    const family = readLora();
    describeMethod('LoRA on dense layers', () => lora({ r: 2 }), { host: tinyImages, family });
    describeMethod('bottlenecks behind layers', () => bottleneck({ r: 2, targets: ['conv', 'hidden'] }), {
      host: tinyImages,
      family: readBottleneck(),
      unmergeable: true,
    });
    describeMethod(
      'LoRA with the head whole',
      () => [lora({ r: 2, targets: ['up', 'down', 'table'] }), modulesToSave(['classes'])],
      {
        host: tinyTokens,
        family,
      },
    );
  });
}
