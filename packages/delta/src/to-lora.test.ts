import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diskFolder, loadAdapter, memoryFolder } from '@peftjs/checkpoint';
import { describe, expect, it } from 'vitest';
import { COLLECT_WARNINGS, findPython, runPython } from '../../safetensors/test/python.ts';
import { model, numbers, type Tensors } from '../test/models.ts';
import { apply } from './apply.ts';
import { byName } from './by-name.ts';
import { lowRank } from './codecs/low-rank.ts';
import { diff } from './diff.ts';
import { inspect } from './inspect.ts';
import { toLora } from './to-lora.ts';

const python = findPython('torch', 'peft', 'safetensors');

/** Runs base and adapter, and the tuned weights alone, on the same tokens. */
const PROGRAM = `${COLLECT_WARNINGS}
import torch
from peft import PeftModel
from safetensors.torch import load_file
class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.up = torch.nn.Linear(6, 8)
        self.norm = torch.nn.LayerNorm(8)
        self.down = torch.nn.Linear(8, 6, bias=False)
class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(10, 6)
        self.block = Block()
    def forward(self, ids):
        x = self.embed(ids)
        x = x + self.block.down(torch.relu(self.block.norm(self.block.up(x))))
        return x @ self.embed.weight.T if not hasattr(self, "head") else self.head(x)
def load(folder):
    model = Model()
    tensors = load_file(folder + "/model.safetensors")
    model.head = torch.nn.Linear(6, 10, bias=False)
    tensors["head.weight"] = tensors["embed.weight"]
    model.load_state_dict(tensors)
    return model.eval()
base, tuned, adapter = sys.argv[1:]
ids = torch.arange(10).reshape(2, 5)
with warnings.catch_warnings(record=True) as caught, torch.no_grad():
    warnings.simplefilter("always")
    model = PeftModel.from_pretrained(load(base), adapter)
    ours = model(ids)
    wanted, before = load(tuned)(ids), load(base)(ids)
print(json.dumps({
    "warnings": messages + [str(w.message) for w in caught],
    "error": ((ours - wanted).norm() / (wanted - before).norm()).item(),
}))
`;

const SHAPES: Readonly<Record<string, readonly number[]>> = {
  'block.down.weight': [6, 8],
  'block.norm.bias': [8],
  'block.norm.weight': [8],
  'block.up.bias': [8],
  'block.up.weight': [8, 6],
  'embed.weight': [10, 6],
};

function side(change: number): Tensors {
  return Object.fromEntries(
    Object.entries(SHAPES).map(([name, shape], k) => {
      const size = shape.reduce((a, b) => a * b);
      // The norm's offset stays, as parameters may.
      const moved = name === 'block.norm.bias' ? 0 : change;
      const [values, changes] = [numbers(k + 1, size), numbers(k + 20, size)];
      return [name, { dtype: 'F32', shape, data: values.map((v, i) => v + moved * (changes[i] as number)) }];
    }),
  );
}
const [base, tuned] = [model(side(0), {}, 'base'), model(side(0.1), {}, 'tuned')];
const codec = byName([[/down/, lowRank({ rank: 2 })]], lowRank({ rank: 3 }));
const delta = memoryFolder([], 'd');
await diff(base, tuned, delta, { codec });
const places = new Map([['embed.weight', [{ path: 'embed', kind: 'embedding' as const }, { path: 'head' }]]]);

describe('toLora', () => {
  it('writes LoRA for what is of low rank, and the rest whole', async () => {
    const out = memoryFolder();
    await toLora(delta, out, { base, places });
    const { config, tensors, provenance } = await loadAdapter(out);
    expect(config).toMatchObject({
      r: 3,
      lora_alpha: 3,
      bias: 'lora_only',
      modules_to_save: ['block.norm'],
      rank_pattern: { '^block\\.down': 2 },
    });
    const { hash } = await inspect(delta);
    expect(provenance).toMatchObject({ base: { name: 'base' }, parents: [hash] });
    expect(new Set(tensors.map(({ key }) => key.replace('base_model.model.', '')))).toEqual(
      new Set([
        ...['block.down.lora_A.weight', 'block.down.lora_B.weight', 'block.up.lora_A.weight', 'block.up.lora_B.weight'],
        ...['block.up.base_layer.bias', 'block.norm.weight', 'block.norm.bias'],
        ...['embed.lora_embedding_A', 'embed.lora_embedding_B', 'head.lora_A.weight', 'head.lora_B.weight'],
      ]),
    );
  });

  it('refuses what no LoRA can carry', async () => {
    const refused = (one: ReturnType<typeof memoryFolder>, options = {}) =>
      toLora(one, memoryFolder(), options).then(
        () => '',
        (error: Error) => error.message,
      );
    expect(await refused(delta)).toMatch(
      /d: tensor "block.norm.weight" has a change that is not of low rank; give the base/,
    );
    expect(await refused(delta, { base: tuned })).toMatch(/d was made for "base"/);
    const grown = memoryFolder([], 'd');
    await diff(base, model({ 'embed.weight': { dtype: 'F32', shape: [11, 6], data: numbers(1, 66) } }), grown);
    expect(await refused(grown)).toMatch(/is new, gone or of another kind, which no LoRA can be$/);
    const plain = memoryFolder([], 'd');
    await diff(base, tuned, plain);
    expect(await refused(plain, { base })).toBe(
      '[peftjs/delta] d has no matrix of low rank; make it with the codec "low-rank"',
    );
  });

  it.skipIf(!python)('gives Python PEFT the same logits, without a warning (PEFTJS_PYTHON or .venv)', async () => {
    const root = mkdtempSync(join(tmpdir(), 'peftjs-to-lora-'));
    const at = (name: string) => join(root, name);
    try {
      await diskFolder(at('base')).replace(base.files);
      await apply(base, delta, at('tuned'), { codecs: [lowRank()] });
      await toLora(delta, at('adapter'), { base, places });
      const printed = JSON.parse(runPython(python!, PROGRAM, [at('base'), at('tuned'), at('adapter')]));
      expect(printed.warnings).toEqual([]);
      expect(printed.error).toBeLessThan(1e-5);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
