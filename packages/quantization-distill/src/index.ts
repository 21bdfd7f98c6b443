export { type DistilledScales, type DistillScalesOptions, distillScales } from './distill-scales.ts';
