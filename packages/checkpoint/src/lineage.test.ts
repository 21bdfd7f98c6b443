import { describe, expect, it } from 'vitest';
import type { FolderRecord } from './folder-record.ts';
import { lineageLines, lineageOf } from './lineage.ts';

const id = (name: string) => `sha256:${name.padEnd(64, '0')}`;
const delta = (location: string, from: string, to: string, parents: readonly string[] = []): FolderRecord => ({
  location,
  kind: 'delta',
  hash: id(location),
  base: { name: from, fingerprint: id(from) },
  result: id(to),
  parents: parents.map(id),
});
const adapter = (location: string, base: string, parents: readonly string[] = []): FolderRecord => ({
  ...delta(location, base, '', parents),
  kind: 'adapter',
  result: null,
});

describe('lineage', () => {
  it('follows bases by what gives them, and parents by their hashes', () => {
    const known = [delta('aa', '11', '22'), delta('bb', '22', '33'), adapter('cc', '11')];
    const tree = lineageOf(adapter('dd', '33', ['cc', 'ee']), known);
    expect(lineageLines(tree)).toEqual([
      'dd  adapter  sha256:dd0000000000…',
      '├─ base  bb  delta  sha256:bb0000000000…',
      '│  └─ base  aa  delta  sha256:aa0000000000…',
      `│     └─ base  11  ${id('11')}`,
      '├─ parent  cc  adapter  sha256:cc0000000000…',
      `│  └─ base  11  ${id('11')}`,
      `└─ parent  ${id('ee')}  (not found)`,
    ]);
  });

  it('shows what is beneath something once, and ends where records lead in a circle', () => {
    const [there, back] = [delta('aa', '11', '22'), delta('bb', '22', '11')];
    expect(lineageLines(lineageOf(there, [back]))).toEqual([
      'aa  delta  sha256:aa0000000000…',
      '└─ base  bb  delta  sha256:bb0000000000…',
      '   └─ base  aa  delta  sha256:aa0000000000…  (see above)',
    ]);
    const chain = lineageOf(delta('cc', '11', '33', ['aa', 'dd']), [there, delta('dd', '22', '33')]);
    expect(chain.beneath.map(({ as, again }) => [as, again])).toEqual([
      ['base', false],
      ['parent', false],
      ['parent', false],
    ]);
    expect(chain.beneath[2]?.beneath[0]).toMatchObject({ as: 'base', name: 'aa', again: true });
  });

  it('names what a model was only written in another form of', () => {
    const converted: FolderRecord = { ...delta('aa', '11', '11'), kind: 'model', hash: null };
    const lines = lineageLines(lineageOf(delta('bb', '11', '22'), [converted]));
    expect(lines.slice(1)).toEqual(['└─ base  aa  model  sha256:110000000000…', `   └─ base  11  ${id('11')}`]);
  });

  it('says a name where there is no more, and keeps control characters out of a terminal', () => {
    const python: FolderRecord = { ...adapter('aa', ''), base: { name: 'org/base', fingerprint: null } };
    expect(lineageLines(lineageOf(python, [])).at(-1)).toBe('└─ base  org/base');
    const hostile: FolderRecord = { ...python, base: { name: 'x\u001b[2J\n', fingerprint: null } };
    expect(lineageLines(lineageOf(hostile, [])).at(-1)).toBe('└─ base  x\\u001b[2J\\u000a');
    expect(lineageLines(lineageOf({ ...python, base: null }, []))).toHaveLength(1);
  });
});
