// @ts-check
// What do rows cost that run different adapters? 8 rows over 1, 2, 4 and 8 LoRAs: routed in one batch, against a batch of
// its own for each adapter, one adapter for all, and the base. A prompt, and a token after it with the cache.
import { peftjs } from './engines/specs.mjs';
import { startEngines } from './harness/engine.mjs';
import { readOptions } from './harness/options.mjs';
import { printAbsent, printTable, report } from './harness/results.mjs';
import { compareTurns, takeTurns } from './harness/take-turns.mjs';
import { warnOfOthers } from './harness/watch-others.mjs';
import { withWorkload } from './workload/make-workload.mjs';
import { sotu, tiny } from './workload/shapes.mjs';

const QUESTION = 'What do 8 rows cost over 1, 2, 4 and 8 adapters, in one batch by routes and in batches of their own?';
const ROWS = 8;
const NUMBERS = [2, 4, 8];
const ONE = '1 adapter for all';

const options = readOptions({ rounds: 12 });
const workload = options.quick ? tiny() : sotu();
const prompt = options.quick ? 5 : 32;

/** Variants with the one that must give the same. @type {readonly (readonly [string, string?])[]} */
const VARIANTS = [
  ['base'],
  [ONE],
  ...NUMBERS.flatMap(
    (n) => /** @type {const} */ ([[`${n} adapters, one batch`, `${n} adapters, apart`], [`${n} adapters, apart`]]),
  ),
  ['2 adapters alternating, one batch'],
];
const KINDS = ['prompt', 'token'];
const variants = KINDS.flatMap((kind) => VARIANTS.map(([variant]) => `${kind}: ${variant}`));

await withWorkload(workload, async (folder) => {
  const own = { folder, threads: 2, rows: ROWS, prompt, r: workload.r };
  const specs = [peftjs('routing', 'wasm', own), peftjs('routing', 'node', own)];
  const { engines, absent } = await startEngines(specs.filter(({ name }) => options.wants(name)));
  /** @type {Map<string, { kernels: number, error: number }>} */
  const inspected = new Map();
  for (const engine of engines) {
    for (const kind of KINDS) {
      for (const [variant, same] of VARIANTS) {
        const found = await engine.ask('inspect', {
          variant: `${kind}: ${variant}`,
          ...(same && { reference: `${kind}: ${same}` }),
        });
        inspected.set(`${engine.name}, ${kind}: ${variant}`, found);
      }
    }
  }
  const { turns, others } = await takeTurns(engines, () => variants, {
    rounds: options.rounds,
    count: options.quick ? 1 : 5,
  });
  const results = turns.map((one) => {
    const compared = compareTurns(turns, one, `${one.variant.split(': ')[0]}: ${ONE}`);
    return { ...compared, ...inspected.get(compared.engine) };
  });
  for (const engine of engines) await engine.close();
  printTable(
    ['engine', 'ms', 'least', 'x one adapter', 'kernels'],
    results.map((r) => [r.engine, r.medianMs, r.leastMs, r.ratio, r.kernels]),
  );
  printAbsent(absent);
  if (!options.quick) warnOfOthers(others);
  await report('routing', QUESTION, options, { workload, rows: ROWS, prompt, others, results, absent });
});
