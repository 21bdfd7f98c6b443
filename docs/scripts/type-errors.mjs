// @ts-check
// What TypeScript says of programs made of samples, against the built packages.
import { join } from 'node:path';
import ts from 'typescript';

/** Those of hovers too, so that a page shows what was checked. */
export const compilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.asynciterable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ['node'],
  strict: true,
  skipLibCheck: true,
  noEmit: true,
};

/** @param {readonly import('./samples.mjs').Sample[]} program */
export const codeOf = (program) => program.map(({ code }) => code).join('');

/**
 * @param {readonly (readonly import('./samples.mjs').Sample[])[]} programs
 * @param {string} folder in which they are, as far as imports are concerned
 * @returns {Map<import('./samples.mjs').Sample, string[]>} the errors of each sample that has some
 */
export function typeErrors(programs, folder) {
  const sources = new Map(programs.map((program, i) => [join(folder, `program-${i}.mts`), program]));
  const host = ts.createCompilerHost(compilerOptions);
  const { fileExists, readFile, getSourceFile } = host;
  const textOf = (/** @type {string} */ name) => {
    const program = sources.get(name);
    return program && codeOf(program);
  };
  host.fileExists = (name) => sources.has(name) || fileExists(name);
  host.readFile = (name) => textOf(name) ?? readFile(name);
  host.getSourceFile = (name, version, ...more) => {
    const text = textOf(name);
    return text === undefined ? getSourceFile(name, version, ...more) : ts.createSourceFile(name, text, version);
  };
  const checked = ts.createProgram([...sources.keys()], compilerOptions, host);
  /** @type {Map<import('./samples.mjs').Sample, string[]>} */
  const errors = new Map();
  for (const { file, start = 0, messageText } of ts.getPreEmitDiagnostics(checked)) {
    const message = ts.flattenDiagnosticMessageText(messageText, '\n');
    const program = file && sources.get(file.fileName);
    if (!file || !program) throw new Error(`TypeScript does not check samples: ${file?.fileName ?? ''} ${message}`);
    const { sample, line } = placeOf(program, file.getLineAndCharacterOfPosition(start).line);
    errors.set(sample, [...(errors.get(sample) ?? []), `${sample.file}:${line}: ${message}`]);
  }
  return errors;
}

/**
 * The sample that a program's line, counted from 0, comes from, and the line of its page.
 * @param {readonly import('./samples.mjs').Sample[]} program
 * @param {number} at
 */
function placeOf(program, at) {
  let rest = at;
  for (const sample of program) {
    const lines = sample.code.split('\n').length - 1;
    if (rest < lines) return { sample, line: sample.line + rest };
    rest -= lines;
  }
  const sample = /** @type {import('./samples.mjs').Sample} */ (program.at(-1));
  return { sample, line: sample.line };
}
