export {
  type GoldenAbout,
  type GoldenFolders,
  type GoldenOptions,
  type GoldenPart,
  type GoldenResult,
  runGoldenCase,
} from './golden-case.ts';
export { relativeError, TOLERANCES, type ToleranceName } from './tolerances.ts';
