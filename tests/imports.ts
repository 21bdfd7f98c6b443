// The imports of a TypeScript file as written: static, dynamic, in types, and by a call (`require('x')`). What stands in
// comments and in longer strings is no import.
import { readFileSync } from 'node:fs';
import { parseSync, Visitor } from 'oxc-parser';

interface Node {
  readonly type: string;
  readonly value?: unknown;
}

/** Every module that `file` names, once, in order of appearance. */
export function importsOf(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8');
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file} does not parse: ${errors[0]?.message}`);
  const found = new Set<string>();
  const note = (node: Node | null | undefined): void => {
    if (node?.type === 'Literal' && typeof node.value === 'string') found.add(node.value);
  };
  new Visitor({
    ImportDeclaration: ({ source }) => note(source),
    ExportAllDeclaration: ({ source }) => note(source),
    ExportNamedDeclaration: ({ source }) => note(source),
    ImportExpression: ({ source }) => note(source),
    TSImportType: ({ source }) => note(source),
    CallExpression: ({ callee, arguments: [first] }) => {
      if (/(^|\.)(require|resolve|import)\w*$/.test(text.slice(callee.start, callee.end))) note(first);
    },
  }).visit(program);
  return [...found];
}

/** The package of a specifier: `@a/b/c` is in `@a/b`; null for a relative path or a module of Node. */
export function packageOf(specifier: string): string | null {
  if (/^(\.|node:|#|\/)/.test(specifier)) return null;
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? null);
}
