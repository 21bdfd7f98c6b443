import type { AdapterRecord, Json } from './adapter-record.ts';

/** `README.md` of an adapter folder: the hub's front matter, and what is known about where the adapter came from. */
export function modelCard({ config, tensors, provenance }: AdapterRecord): string {
  const named = config.base_model_name_or_path;
  const base = typeof named === 'string' && named !== '' ? named : provenance?.base.name;
  const method = String(config.peft_type).toLowerCase();
  // For PEFT's own methods the hub offers the lines of Python that load the folder.
  const library = typeof config.library_name === 'string' ? JSON.stringify(config.library_name) : 'peft';
  const parameters = tensors.reduce((sum, { data }) => sum + data.length, 0);
  const front = [
    ...(base === undefined ? [] : [`base_model: ${JSON.stringify(base)}`]),
    `library_name: ${library}`,
    'tags:',
    ...(base === undefined ? [] : [`- ${JSON.stringify(`base_model:adapter:${base}`)}`]),
    `- ${JSON.stringify(method)}`,
    '- peftjs',
  ];
  const facts: readonly (readonly [string, Json | undefined])[] = [
    ['Base model', base],
    ['Method', config.peft_type],
    ['Saved parameters', parameters.toLocaleString('en-US')],
    ['Base fingerprint', provenance?.base.fingerprint],
    ['Tokenizer', provenance?.tokenizer],
    ['Data', provenance?.data],
    ['Backend', provenance?.backend],
    ['Parents', provenance?.parents?.join(', ')],
    ...Object.entries(provenance?.metrics ?? {}),
    ...Object.entries(provenance?.versions ?? {}),
  ];
  const rows = facts
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `| ${cell(key)} | ${cell(value)} |`);
  return [
    '---',
    ...front,
    '---',
    '',
    base === undefined ? '# Adapter' : `# Adapter for ${base}`,
    '',
    'Trained with peftjs, in the folder format of Hugging Face PEFT.',
    '',
    '| | |',
    '| --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function cell(value: Json | undefined): string {
  return String(value).replaceAll('|', '\\|').replace(/\s+/g, ' ');
}
