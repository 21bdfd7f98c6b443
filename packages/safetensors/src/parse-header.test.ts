import { describe, expect, it } from 'vitest';
import { parseHeader } from './parse-header.ts';
import { SafetensorsError } from './safetensors-error.ts';

/** Parses a header in a file whose tensors take `dataSize` bytes. */
function parse(header: unknown, dataSize = 16) {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const dataStart = 8 + json.length;
  return parseHeader(json, { file: 'm.safetensors', dataStart, fileSize: dataStart + dataSize });
}

const tensor = (begin: number, end: number, rest: object = {}) => ({
  dtype: 'F32',
  shape: [(end - begin) / 4],
  data_offsets: [begin, end],
  ...rest,
});

describe('parseHeader', () => {
  it('gives tensors in the order of their bytes, and the metadata', () => {
    const { tensors, metadata } = parse({ b: tensor(8, 16), __metadata__: { format: 'pt' }, a: tensor(0, 8) });
    expect([...tensors.keys()]).toEqual(['a', 'b']);
    expect([...metadata]).toEqual([['format', 'pt']]);
    const b = tensors.get('b')!;
    expect(b.end - b.begin).toBe(8);
    expect(tensors.get('a')!.end).toBe(b.begin);
  });

  it('takes scalars, empty tensors and sub-byte types', () => {
    const { tensors } = parse({
      scalar: tensor(0, 4, { shape: [] }),
      empty: tensor(4, 4, { shape: [0, 7] }),
      packed: tensor(4, 16, { dtype: 'F4', shape: [3, 8] }),
    });
    expect(tensors.size).toBe(3);
  });

  const t = (rest: object) => ({ w: tensor(0, 16, rest) });
  it.each<[string, unknown, string]>([
    ['no JSON', '{"w":', 'header is not JSON'],
    ['no object', '[]', 'header is not a JSON object'],
    ['a key twice', `{"w":${JSON.stringify(tensor(0, 16))},"w":1}`, 'header has the key "w" twice'],
    ['metadata that are no object', { __metadata__: 'x' }, '__metadata__ is not a JSON object'],
    ['metadata that are no string', { __metadata__: { a: 1 } }, '__metadata__ "a" is not a string'],
    ['no description', { w: 3 }, 'tensor "w" has no description'],
    ['an unknown dtype', t({ dtype: 'F31' }), 'tensor "w" has the unknown dtype "F31"; nearest: "F32"'],
    ['an inherited dtype', t({ dtype: 'constructor' }), 'tensor "w" has the unknown dtype "constructor"'],
    ['no shape', t({ shape: undefined }), 'tensor "w" has the shape undefined'],
    ['a negative size', t({ shape: [-4] }), 'tensor "w" has the shape [-4]'],
    ['a fractional size', t({ shape: [0.5, 8] }), 'tensor "w" has the shape [0.5,8]'],
    ['an overflowing shape', t({ shape: [2 ** 40, 2 ** 40] }), 'is not a whole number of bytes'],
    ['half a byte', t({ dtype: 'F4', shape: [3] }), 'is not a whole number of bytes'],
    ['one offset', t({ data_offsets: [0] }), 'tensor "w" has the data_offsets [0]'],
    ['a negative offset', t({ data_offsets: [-16, 0] }), 'tensor "w" has the data_offsets [-16,0]'],
    ['offsets that run backwards', t({ data_offsets: [16, 0] }), 'tensor "w" ends at byte 0, before it begins at 16'],
    [
      'a wrong shape',
      t({ shape: [2, 3] }),
      'tensor "w" of dtype F32 and shape [2,3] needs 24 bytes, its data_offsets span 16',
    ],
    [
      'a cut file',
      { w: tensor(0, 32) },
      'tensor "w" ends at byte 32 of the data, but the file has 16: it is truncated',
    ],
    ['overlapping tensors', { v: tensor(0, 12), w: tensor(8, 16) }, 'tensor "w" overlaps tensor "v"'],
    ['the same bytes twice', { v: tensor(0, 16), w: tensor(0, 16) }, 'tensor "w" overlaps tensor "v"'],
    ['a gap', { v: tensor(0, 4), w: tensor(8, 16) }, 'tensor "w" lies after a gap of 4 bytes'],
    ['a gap at the start', { w: tensor(4, 16) }, 'tensor "w" lies after a gap of 4 bytes'],
    ['bytes of no tensor', { w: tensor(0, 12) }, 'has 4 bytes after its last tensor'],
    [
      'a name that sets a prototype',
      `{"__proto__":${JSON.stringify(tensor(0, 16))}}`,
      'tensor "__proto__" has a name that is refused',
    ],
    ['a name with control characters', { 'w\n\u001b[2J': tensor(0, 16) }, 'has control characters in its name'],
  ])('refuses %s', (_, header, message) => {
    let error: unknown;
    try {
      parse(header);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(SafetensorsError);
    const text = (error as SafetensorsError).message;
    expect(text).toContain('[peftjs/safetensors] m.safetensors: ');
    expect(text).toContain(message);
    expect(text).not.toContain('\n');
  });
});
