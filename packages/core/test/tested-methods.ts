// The method of this package, for the suites that run over those of all packages.
import type { TestedMethods } from '../../testing/test/every-method.ts';
import { modulesToSave } from '../src/modules-to-save.ts';
import { readModulesToSave } from '../src/read-modules-to-save.ts';

export const testedMethods: TestedMethods = {
  families: [readModulesToSave()],
  variants: {
    'modules alone': () => [modulesToSave(['head', 'attn.norm', 'mlp.up'])],
  },
};
