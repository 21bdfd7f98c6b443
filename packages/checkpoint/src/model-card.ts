/** `README.md` of an adapter or delta folder: the hub's front matter, and what is known about where it came from. */
import { CARD_FILE } from './adapter-files.ts';
import type { AdapterRecord } from './adapter-record.ts';
import type { Folder } from './folder.ts';
import { type Provenance, provenanceRows } from './provenance.ts';
import { digest, readProvenance } from './provenance-file.ts';

/** What a card says. */
export interface ModelCard {
  readonly title: string;
  /** One sentence under the title. */
  readonly lead: string;
  /** The base as the hub names it; undefined where nothing says it. */
  readonly base: string | undefined;
  /** How the hub calls what this is to its base. */
  readonly relation: 'adapter' | 'finetune';
  /** For which the hub offers lines that load the folder. */
  readonly library: string;
  readonly tags: readonly string[];
  readonly facts: readonly (readonly [label: string, value: string])[];
  readonly provenance: Provenance | null;
  /** Lines of a section on how it is used. */
  readonly usage?: readonly string[];
}

export function modelCard(card: ModelCard): string {
  const { title, lead, base, facts, provenance, usage = [] } = card;
  const rows = provenance === null ? [] : provenanceRows(provenance);
  const single = rows.flatMap(({ label, value }) => (typeof value === 'string' ? [[label, value] as const] : []));
  const ofBase = base === undefined ? [] : [['Base model', base] as const];
  const sections = rows.flatMap(({ label, value }) =>
    typeof value === 'string' || value.length === 0 ? [] : [`## ${label}`, '', ...table(value), ''],
  );
  return [
    '---',
    ...frontMatter(card),
    '---',
    '',
    `# ${title}`,
    '',
    lead,
    '',
    ...table([...ofBase, ...facts, ...single.filter(([label]) => label !== 'Base model')]),
    '',
    ...(usage.length === 0 ? [] : ['## Use', '', ...usage, '']),
    ...sections,
  ].join('\n');
}

/** A name on the hub. It refuses a card that gives a path in its place. */
const HUB_NAME = /^[\w-][\w.-]*(\/[\w.-]+)?$/;

function frontMatter({ base: name, relation, library, tags, provenance }: ModelCard): readonly string[] {
  const base = name !== undefined && HUB_NAME.test(name) ? name : undefined;
  return [
    ...(base === undefined ? [] : [`base_model: ${JSON.stringify(base)}`, `base_model_relation: ${relation}`]),
    `library_name: ${library === 'peft' ? library : JSON.stringify(library)}`,
    ...licenseLines(provenance?.license),
    'tags:',
    ...(base === undefined ? [] : [`- ${JSON.stringify(`base_model:${relation}:${base}`)}`]),
    ...tags.map((tag) => `- ${JSON.stringify(tag)}`),
    '- peftjs',
  ];
}

/** The hub knows licenses by short names; any other is `other`, with a name of its own. */
function licenseLines(license: string | undefined): readonly string[] {
  if (license === undefined) return [];
  const id = license.toLowerCase();
  return /^[a-z0-9][a-z0-9.-]*$/.test(id)
    ? [`license: ${JSON.stringify(id)}`]
    : ['license: other', `license_name: ${JSON.stringify(license)}`];
}

function table(rows: readonly (readonly [string, string])[]): readonly string[] {
  return ['| | |', '| --- | --- |', ...rows.map(([key, value]) => `| ${cell(key)} | ${cell(value)} |`)];
}

function cell(value: string): string {
  return value.replaceAll('|', '\\|').replace(/\s+/g, ' ');
}

/** The card of an adapter. */
export function adapterCard({ config, tensors, provenance }: AdapterRecord): string {
  const named = config.base_model_name_or_path;
  const base = typeof named === 'string' && named !== '' ? named : provenance?.base.name;
  const parameters = tensors.reduce((sum, { data }) => sum + data.length, 0);
  return modelCard({
    title: base === undefined ? 'Adapter' : `Adapter for ${base.replace(/\s+/g, ' ')}`,
    lead: 'Trained with peftjs, in the folder format of Hugging Face PEFT.',
    base,
    relation: 'adapter',
    // For PEFT's own methods the hub offers the lines of Python that load the folder.
    library: typeof config.library_name === 'string' ? config.library_name : 'peft',
    tags: [String(config.peft_type).toLowerCase()],
    facts: [
      ['Method', String(config.peft_type)],
      ['Saved parameters', parameters.toLocaleString('en-US')],
    ],
    provenance,
  });
}

/** The folder's `README.md` where somebody else wrote or changed it; null where it is just as an earlier save made it. */
export async function foreignCard(folder: Folder): Promise<Uint8Array | null> {
  const source = await folder.open(CARD_FILE);
  if (!source) return null;
  const bytes = await source.read(0, source.size);
  const earlier = await readProvenance(folder).catch(() => null);
  return earlier?.files.get(CARD_FILE) === (await digest(bytes)) ? null : bytes;
}
