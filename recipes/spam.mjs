// @ts-check
// LoRA on all-MiniLM-L6-v2, classifying the mail of the SpamAssassin corpus as spam or ham.
// Run: node recipes/spam.mjs [--quick] [--validate] [--out FILE]
//   --quick: LoRA alone, once over the beginnings of some mails; --validate: the test mails stay unseen, 450 of the others stand for them;
//   --out: the record, as JSON
import { useBackend } from '@peftjs/backend';
import { wasm } from '@peftjs/backend-wasm';
import { renderConfusionMatrix } from '@peftjs/evaluate';
import { fetchMiniLM } from './minilm.mjs';
import { readArguments } from './read-arguments.mjs';
import { bytes, percent, report } from './report.mjs';
import { classifyMail } from './spam/classify-mail.mjs';
import { readMails } from './spam/mails.mjs';

const FULL = {
  test: 600,
  testSeed: 2026,
  train: 0,
  validation: 0,
  compare: true,
  maxLength: 128,
  batchSize: 16,
  epochs: 2,
  rank: 8,
  learningRate: 1e-3,
  headRate: 3,
  warmup: 0.1,
  seed: 1,
};
const QUICK = { ...FULL, test: 300, train: 480, epochs: 1, compare: false, maxLength: 64, batchSize: 8 };

const { given, out } = readArguments('quick', 'validate');
const options = { ...(given('quick') ? QUICK : FULL), validation: given('validate') ? 450 : 0 };
const { backend } = await useBackend(wasm());
const folder = fetchMiniLM();
const { all, mails } = await readMails();
console.log(`${backend}; ${all} mails, ${mails.length} of them distinct`);
const result = await classifyMail(folder, mails, options, console.log);

const counted = (/** @type {Readonly<Record<string, number>>} */ of) =>
  Object.entries(of)
    .map(([label, n]) => `${n} ${label}`)
    .join(', ');
const tuned = /** @type {(typeof result.rows)[number]} */ (result.rows.at(-1));
report({
  name: 'spam',
  out,
  backend,
  options,
  result,
  facts: [
    ['mails', `${all}, ${mails.length} of them distinct`],
    ['trained on', counted(result.trained)],
    ['held out', counted(result.heldOut)],
  ],
  table: {
    head: ['', 'accuracy', 'F1 of spam', 'trained numbers', 'saved', 'training'],
    rows: result.rows.map((row) => [
      row.name,
      percent(row.accuracy),
      row.f1.toFixed(3),
      row.trainable.toLocaleString('en'),
      bytes(row.bytes),
      `${row.seconds.toFixed(0)} s`,
    ]),
  },
  text: renderConfusionMatrix(tuned.matrix),
});
