// A `tidy` whose body may wait for numbers: WebGPU gives none at once.
import { engine } from '@tensorflow/tfjs-core';

/** Frees what `body` has made when it is done. Nothing else may make tensors while it waits. */
export async function scoped(body: () => Promise<void>): Promise<void> {
  engine().startScope();
  try {
    await body();
  } finally {
    engine().endScope();
  }
}
