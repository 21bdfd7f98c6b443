// BitFit on the command line.
import { bitfit } from '@peftjs/lora';
import { type MethodEntry, methodEntry } from '../method-entry.ts';
import { modulesToSaveOption, wholeOf } from '../method-options/targets.ts';

export const method: MethodEntry = methodEntry({
  options: { 'modules-to-save': modulesToSaveOption },
  create: (values) => [bitfit(), ...wholeOf(values)],
  // `lora` reads them.
  families: [],
});
