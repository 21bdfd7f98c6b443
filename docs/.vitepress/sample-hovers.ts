// Types at a hover over a sample, from one TypeScript program of all samples: one of each would check the packages' types
// again every time.
import type { transformerTwoslash } from '@shikijs/vitepress-twoslash';
import ts from 'typescript';
import { docs as folder, pages } from '../scripts/pages.mjs';
import { programsOf, samplesOf } from '../scripts/samples.mjs';
import { codeOf, compilerOptions } from '../scripts/type-errors.mjs';
import { CUT } from './continued-samples.ts';

type Twoslasher = NonNullable<NonNullable<Parameters<typeof transformerTwoslash>[0]>['twoslasher']>;
type Node = ReturnType<Twoslasher>['nodes'][number];

/** Of a program's text by its file's name. A text never changes: what is new gets a name of its own. */
const texts = new Map<string, string>();

function add(text: string): string {
  const name = `${folder}/program-${texts.size}.mts`;
  texts.set(name, text);
  return name;
}

for (const { file, markdown } of pages())
  for (const program of programsOf(samplesOf(file, markdown))) add(codeOf(program));

const { fileExists, readFile, readDirectory, directoryExists, getDirectories, realpath } = ts.sys;
const service = ts.createLanguageService({
  readFile,
  readDirectory,
  directoryExists,
  getDirectories,
  ...(realpath && { realpath }),
  fileExists: (name) => texts.has(name) || fileExists(name),
  getCompilationSettings: () => compilerOptions,
  getCurrentDirectory: () => folder,
  getDefaultLibFileName: ts.getDefaultLibFilePath,
  getScriptFileNames: () => [...texts.keys()],
  getScriptSnapshot(name) {
    const text = texts.get(name) ?? readFile(name);
    return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
  },
  getScriptVersion: () => '',
  // Or each hover would look at every file again.
  getProjectVersion: () => String(texts.size),
});

/** What everybody knows needs no hover. */
const KNOWN = ['console', 'log'];

/** What a sample needs and a reader does not. */
const HIDDEN = /^\/\/ ---cut-start---\n[\s\S]*?^\/\/ ---cut-end---\n/gm;

/** Of a sample, after what stands before it on its page; throws where its program has an error. */
export const sampleHovers = (whole: string): ReturnType<Twoslasher> => {
  const cut = whole.lastIndexOf(CUT);
  const [before, sample] = cut < 0 ? ['', whole] : [whole.slice(0, cut), whole.slice(cut + CUT.length)];
  const text = before + sample;
  const name = [...texts.keys()].find((one) => texts.get(one)!.startsWith(text)) ?? add(text);
  const faults = [...service.getSyntacticDiagnostics(name), ...service.getSemanticDiagnostics(name)];
  if (faults.length > 0)
    throw new Error(faults.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')).join('\n'));

  const code = sample.replace(HIDDEN, '');
  const hidden = [...sample.matchAll(HIDDEN)].map((found) => [before.length + found.index, found[0].length] as const);
  /** Where what stands in the program stands in what is shown, or null. */
  const placeOf = (at: number): number | null => {
    const inHidden = hidden.some(([from, length]) => from <= at && at < from + length);
    if (at < before.length || at >= text.length || inHidden) return null;
    return hidden.reduce((place, [from, length]) => (from < at ? place - length : place), at - before.length);
  };
  const source = service.getProgram()!.getSourceFile(name)!;
  const nodes: Node[] = [];
  const visit = (node: ts.Node): void => {
    ts.forEachChild(node, visit);
    if (!ts.isIdentifier(node) || KNOWN.includes(node.text)) return;
    const [at, target] = [node.getStart(source), node.getText(source)];
    const start = placeOf(at);
    if (start === null) return;
    const { displayParts, documentation, tags } = service.getQuickInfoAtPosition(name, at) ?? {};
    if (!displayParts) return;
    const docs = ts.displayPartsToString(documentation);
    const lines = code.slice(0, start).split('\n');
    nodes.push({
      type: 'hover',
      text: ts.displayPartsToString(displayParts),
      ...(docs && { docs }),
      ...(tags && { tags: tags.map((tag) => [tag.name, ts.displayPartsToString(tag.text)]) }),
      start,
      length: target.length,
      target,
      line: lines.length - 1,
      character: lines.at(-1)!.length,
    });
  };
  visit(source);
  return { code, nodes, meta: { extension: 'ts' } };
};
