// The results in benchmarks/results as tables: every field of a row that is a number, under the name it has there.
import { type BenchmarkTable, benchmarkTables } from '../scripts/benchmark-tables.mjs';

declare const data: readonly BenchmarkTable[];

export { data };

// Without `watch`: for a pattern that leaves this folder, VitePress walks the whole repository, with all that is installed there.
export default { load: (): readonly BenchmarkTable[] => benchmarkTables() };
