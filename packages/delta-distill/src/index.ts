export { type DistilledSigns, type DistillOptions, distillSigns } from './distill-signs.ts';
