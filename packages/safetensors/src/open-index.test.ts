import { describe, expect, it } from 'vitest';
import { memorySource } from './memory-source.ts';
import { openIndex } from './open-index.ts';
import { SafetensorsError } from './safetensors-error.ts';
import { writeSafetensors } from './write-safetensors.ts';

const shard = (name: string, value: number) =>
  writeSafetensors([{ name, dtype: 'F32', shape: [1], data: Float32Array.of(value) }]);

const shards: Record<string, Uint8Array> = {
  'model-1.safetensors': shard('embed.weight', 1),
  'model-2.safetensors': shard('head.weight', 2),
};

const open = (index: unknown) => {
  const bytes = new TextEncoder().encode(typeof index === 'string' ? index : JSON.stringify(index));
  return openIndex(memorySource('model.safetensors.index.json', bytes), async (name) => {
    const bytes = shards[name];
    return bytes ? memorySource(name, bytes) : null;
  });
};

const weightMap = { 'head.weight': 'model-2.safetensors', 'embed.weight': 'model-1.safetensors' };

describe('openIndex', () => {
  it('reads several files as one', async () => {
    const file = await open({ metadata: { total_size: 8 }, weight_map: weightMap });
    expect([...file.tensors.keys()].sort()).toEqual(['embed.weight', 'head.weight']);
    expect(await file.readFloat32('embed.weight')).toEqual(Float32Array.of(1));
    expect(await file.readFloat32('head.weight')).toEqual(Float32Array.of(2));
    expect(file.tensors.get('head.weight')!.file).toBe('model-2.safetensors');
    expect(file.metadata.get('total_size')).toBe('8');
  });

  it.each<[string, unknown, string]>([
    ['no JSON', '{', 'index is not JSON'],
    ['no weight_map', {}, 'index has no weight_map'],
    ['a missing shard', { weight_map: { a: 'model-3.safetensors' } }, 'shard "model-3.safetensors" is missing'],
    [
      'a tensor that its shard lacks',
      { weight_map: { 'embed.wieght': 'model-1.safetensors' } },
      'tensor "embed.wieght" is not in its shard "model-1.safetensors"; nearest: "embed.weight"',
    ],
    [
      'a shard outside the folder',
      { weight_map: { a: '../x.safetensors' } },
      'is in "../x.safetensors", which is no file',
    ],
    ['a shard that is no name', { weight_map: { a: 3 } }, 'tensor "a" is in "3", which is no file'],
    ['a hostile name', '{"weight_map":{"__proto__":"model-1.safetensors"}}', 'has a name that is refused'],
  ])('refuses %s', async (_, index, message) => {
    const opened = open(index);
    await expect(opened).rejects.toThrow(SafetensorsError);
    await expect(opened).rejects.toThrow(message);
    await expect(opened).rejects.toThrow('model.safetensors.index.json');
  });
});
