// @ts-check
// How many tokens a second come out, greedily, a token at a time: the base, an adapter on it, the adapter merged?
// --shape sotu (the default, models/sotu-3m's) or smollm2 (SmolLM2-135M's); random weights, all engines the same.
import { noisy } from '@peftjs/lora';
import { peftjs, torch } from './engines/specs.mjs';
import { startEngines } from './harness/engine.mjs';
import { readOptions } from './harness/options.mjs';
import { megabytes, printAbsent, printTable, report } from './harness/results.mjs';
import { median, round } from './harness/statistics.mjs';
import { warnOfOthers, watchOthers } from './harness/watch-others.mjs';
import { withWorkload } from './workload/make-workload.mjs';
import { smollm2, sotu, tiny } from './workload/shapes.mjs';

const QUESTION = 'How many tokens a second are generated with the base, with an adapter, and with the adapter merged?';
const VARIANTS = ['base', 'adapter', 'merged'];
const SHAPES = { sotu: { make: sotu, prompt: 32, tokens: 64 }, smollm2: { make: smollm2, prompt: 32, tokens: 24 } };
const QUICK = { make: tiny, prompt: 4, tokens: 6 };

const options = readOptions({ rounds: 5, own: ['shape'] });
const shape = /** @type {keyof typeof SHAPES} */ (options.more.shape ?? 'sotu');
const { make, prompt: promptLength, tokens } = options.quick ? QUICK : SHAPES[shape];
const workload = make();
const prompt = Array.from({ length: promptLength }, (_, i) => (i * 7 + 3) % Number(workload.config.vocab_size));

/**
 * @typedef {object} Run
 * @property {import('./harness/engine.mjs').Engine} engine
 * @property {string} variant
 * @property {number[]} ids
 * @property {number[]} first ms that the prompt took, a round
 * @property {number[]} each median ms of a token, a round
 */

/** @param {readonly import('./harness/engine.mjs').Engine[]} engines */
async function inTurns(engines) {
  /** @type {Run[]} */
  const runs = engines.flatMap((engine) =>
    VARIANTS.map((variant) => ({ engine, variant, ids: [], first: [], each: [] })),
  );
  const others = [];
  const takenByOthers = watchOthers(engines.map(({ pid }) => pid));
  for (let i = -1; i < options.rounds; i++) {
    for (const run of runs) {
      const { ids, times } = await run.engine.ask('tokens', { variant: run.variant, count: tokens });
      run.ids = ids;
      if (i < 0) continue; // warm-up
      run.first.push(times[0]);
      run.each.push(median(times.slice(1)));
    }
    const share = takenByOthers();
    if (i >= 0) others.push(share);
  }
  return { runs, others };
}

/** How many tokens two texts share from the start. @param {readonly number[]} a @param {readonly number[]} b */
function shared(a, b) {
  const at = a.findIndex((id, i) => id !== b[i]);
  return at === -1 ? a.length : at;
}

await withWorkload(
  workload,
  async (folder) => {
    const own = { folder, threads: 2, prompt };
    const specs = [torch('generate', own), peftjs('generate', 'wasm', own), peftjs('generate', 'node', own)];
    const { engines, absent } = await startEngines(specs.filter(({ name }) => options.wants(name)));
    const { runs, others } = await inTurns(engines);
    const results = [];
    for (const { engine, variant, ids, first, each } of runs) {
      const reference = runs.find((run) => run.variant === variant);
      const agreed = shared(ids, reference?.ids ?? []);
      if (agreed < tokens) {
        throw new Error(
          `${engine.name}, ${variant}: other tokens than ${reference?.engine.name} from the ${agreed + 1}th on`,
        );
      }
      const ratios = each.map((ms, i) => (reference?.each[i] ?? Number.NaN) / ms);
      results.push({
        engine: `${engine.name}, ${variant}`,
        about: engine.about,
        tokensPerSecond: round(1000 / median(each)),
        ratio: round(median(ratios), 3),
        msPerToken: round(median(each)),
        firstStepMs: round(median(first)),
        ...(variant === 'merged' ? await engine.ask('memory') : {}),
      });
    }
    for (const engine of engines) await engine.close();
    printTable(
      ['engine', 'tokens/s', 'x torch', 'ms a token', 'prompt, ms', 'RSS MB'],
      results.map((r) => [
        r.engine,
        r.tokensPerSecond,
        r.ratio,
        r.msPerToken,
        r.firstStepMs,
        megabytes(r.peakResidentBytes),
      ]),
    );
    printAbsent(absent);
    if (!options.quick) warnOfOthers(others);
    const command = `node benchmarks/generate.mjs --shape ${shape}`;
    const name = shape === 'sotu' ? 'generate' : `generate-${shape}`;
    await report(name, QUESTION, options, { command, workload, promptLength, tokens, others, results, absent });
  },
  { init: noisy },
);
