// Cross-entropy by TensorFlow's own op, which gives the gradient along with the loss.
import { type CrossEntropyInputs, crossEntropy, type Form, IGNORED, type Kernel, kernel } from '@peftjs/backend';
import { cast, maximum, notEqual, type Tensor } from '@tensorflow/tfjs-core';
import { raw, run } from '../native.ts';
import { mul, reshape, softmaxCrossEntropy, sumOver } from '../native-math.ts';

const form: Form<CrossEntropyInputs, object> = {
  forward({ logits, labels }) {
    const counts = cast(notEqual(labels, IGNORED), 'float32');
    const within = cast(maximum(labels, 0), 'int32');
    const [out, gradient] = run(() => {
      const [loss, d] = softmaxCrossEntropy(raw(logits), raw(within));
      return [sumOver(mul(loss, raw(counts)), [0]), d];
    });
    return { out, saved: [gradient, counts] };
  },
  grad(dy, saved) {
    const [gradient, counts] = saved as [Tensor, Tensor];
    return { logits: () => run(() => [mul(raw(gradient), reshape(mul(raw(counts), raw(dy)), [-1, 1]))])[0] };
  },
};

export const crossEntropyKernel: Kernel = kernel(crossEntropy, form);
