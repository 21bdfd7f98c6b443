// LayerNorm tuning on the command line.
import { layerNormTuning, readLayerNormTuning } from '@peftjs/lora';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { exclude, modulesToSaveOption, placesOf, targets, wholeOf } from '../method-options/targets.ts';

export const method: MethodEntry = methodEntry({
  options: { targets, exclude, 'modules-to-save': modulesToSaveOption },
  create: (values) => [layerNormTuning(placesOf(values)), ...wholeOf(values)],
  families: [readLayerNormTuning()],
});
