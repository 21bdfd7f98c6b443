import { transformerTwoslash } from '@shikijs/vitepress-twoslash';
import { type DefaultTheme, defineConfig, type MarkdownOptions } from 'vitepress';
import { continuedSamples } from './continued-samples.ts';
import { sampleHovers } from './sample-hovers.ts';

const packages = [
  'backend',
  'backend-cpu',
  'backend-wasm',
  'backend-webgpu',
  'backend-node',
  'core',
  'host-layers',
  'lora',
  'adapters',
  'prefix-tuning',
  'orthogonal',
  'quantization',
  'quantization-distill',
  'models',
  'data',
  'train',
  'evaluate',
  'safetensors',
  'gguf',
  'checkpoint',
  'delta',
  'delta-distill',
  'delta-runtime',
  'registry',
  'browser',
  'testing',
  'cli',
];

const sidebar: DefaultTheme.SidebarItem[] = [
  {
    text: 'Start',
    items: [
      { text: 'What peftjs is', link: '/' },
      { text: 'Concepts', link: '/concepts' },
    ],
  },
  {
    text: 'Recipes',
    items: [
      { text: 'Quickstart', link: '/recipes/quickstart' },
      { text: 'Many adapters', link: '/recipes/many-adapters' },
      { text: 'Hot swap', link: '/recipes/hot-swap' },
      { text: 'Your own model', link: '/recipes/own-model' },
      { text: 'Merge adapters', link: '/recipes/merge-adapters' },
      { text: 'Extract a LoRA', link: '/recipes/extract-lora' },
      { text: 'Ship a difference', link: '/recipes/ship-a-difference' },
      { text: 'Train for few bits', link: '/recipes/train-for-few-bits' },
      { text: 'Spam or ham', link: '/recipes/spam' },
      { text: 'Inverted digits', link: '/recipes/vision' },
      { text: 'A chat model in 4 bits', link: '/recipes/smollm2' },
    ],
  },
  { text: 'Packages', items: packages.map((name) => ({ text: name, link: `/packages/${name}` })) },
  {
    text: 'Reference',
    items: [
      { text: 'Command line', link: '/reference/cli' },
      { text: 'File formats', link: '/reference/file-formats' },
      { text: 'Deviations from PEFT', link: '/reference/deviations' },
      { text: 'Benchmarks', link: '/reference/benchmarks' },
      { text: 'Contributing', link: '/reference/contributing' },
    ],
  },
];

type CodeTransformer = NonNullable<MarkdownOptions['codeTransformers']>[number];

/** Its types are of a newer Shiki than VitePress's. */
const twoslash = transformerTwoslash({ twoslasher: sampleHovers }) as unknown as CodeTransformer;

/** Code is found as it is written, without the types that a page shows at a hover. */
const renderForSearch: DefaultTheme.LocalSearchOptions['_render'] = (source, env, md) => {
  const html = md.render(source.replace(/^( *```)ts\b.*$/gm, '$1js'), env);
  return env.frontmatter?.search === false ? '' : html;
};

export default defineConfig({
  title: 'peftjs',
  description: 'Parameter-efficient fine-tuning in TypeScript, with Hugging Face PEFT adapters.',
  lang: 'en',
  cleanUrls: true,
  srcExclude: ['generated/**'],
  head: [['link', { rel: 'icon', href: '/logo.svg', type: 'image/svg+xml' }]],
  markdown: {
    theme: { light: 'github-light', dark: 'github-dark-dimmed' },
    config: continuedSamples,
    codeTransformers: [twoslash],
  },
  vite: {
    worker: { format: 'es' },
    // Found at the first Start, what the playground imports would reload the page in the middle of a run.
    optimizeDeps: { entries: ['playground/Playground.vue', 'playground/worker/jobs.ts'] },
  },
  themeConfig: {
    logo: '/logo.svg',
    nav: [
      { text: 'Quickstart', link: '/recipes/quickstart' },
      { text: 'Playground', link: '/playground' },
      { text: 'Concepts', link: '/concepts' },
      { text: 'Packages', link: '/packages/core', activeMatch: '/packages/' },
      { text: 'Reference', link: '/reference/cli', activeMatch: '/reference/' },
    ],
    sidebar,
    outline: { level: [2, 3] },
    search: { provider: 'local', options: { _render: renderForSearch } },
    docFooter: { prev: 'Before', next: 'Next' },
    footer: { message: 'Apache-2.0' },
  },
});
