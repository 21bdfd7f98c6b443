// What a record says of how weights were held, and whether they are held so again.
import type { AdapterRecord } from '@peftjs/checkpoint';
import { digest, findDataSet, readExamples } from '@peftjs/data';
import type { Reporter } from '../reporter.ts';
import type { WeightsValues } from './weights-options.ts';

/** The options, with the digest of the text that codes are fitted to in the place of its path. */
export async function weightsRecord(values: WeightsValues): Promise<Readonly<Record<string, string | number>>> {
  const { weights, embeddings, 'weights-group': group, calibrate, 'calibrate-by': by } = values;
  return {
    weights,
    ...(embeddings !== undefined && { embeddings }),
    ...(group !== undefined && { 'weights-group': group }),
    ...(calibrate !== undefined && { calibrate: await digestOf(calibrate) }),
    ...(by !== undefined && { 'calibrate-by': by }),
  };
}

async function digestOf(path: string): Promise<string> {
  const { train } = await findDataSet(path);
  return digest(readExamples(train as string, { ignoreOthers: true }));
}

const RECORDED = ['weights', 'embeddings', 'weights-group', 'calibrate', 'calibrate-by'] as const;

function said(recipe: Readonly<Record<string, unknown>>): string {
  return RECORDED.flatMap((name) => (recipe[name] === undefined ? [] : [`--${name} ${recipe[name]}`]))
    .join(' ')
    .replace(/(sha256:.{8})\S*/, '$1');
}

/** Says where the weights were held otherwise when an adapter was trained: it then is over another base, if only by rounding. */
export async function noteWeights(
  adapter: string,
  { provenance }: AdapterRecord,
  values: WeightsValues,
  report: Reporter,
): Promise<void> {
  const recipe = provenance?.recipe;
  if (recipe?.weights === undefined) return;
  const now = await weightsRecord(values);
  if (RECORDED.every((name) => recipe[name] === now[name])) return;
  report.say(`note     ${adapter} was trained over ${said(recipe)}, and this is ${said(now)}`);
}
