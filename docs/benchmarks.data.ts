// The results in benchmarks/results as tables: every field of a row that is a number, under the name it has there.
import { type BenchmarkTable, benchmarkTables } from '../scripts/benchmark-tables.mjs';

declare const data: readonly BenchmarkTable[];

export { data };

export default { watch: ['../benchmarks/results/*.json'], load: (): readonly BenchmarkTable[] => benchmarkTables() };
