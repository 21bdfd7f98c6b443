export { type DistilledSigns, type DistillOptions, distillSigns, type LogitModel } from './distill-signs.ts';
