import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COLLECT_WARNINGS, findPython, runPython } from '../../safetensors/test/python.ts';
import { temporaryFolder } from '../test/temporary-folder.ts';
import { type SavedTensor, siteKey } from './adapter-record.ts';
import { loadAdapter } from './load-adapter.ts';
import { saveAdapter } from './save-adapter.ts';
import { sign } from './signed-folder.ts';
import { createKeys } from './signing-keys.ts';

const python = findPython('torch', 'peft', 'safetensors');

/** For each pair of folders: loads the first onto a model of two linear layers, saves it to the second, prints what came of it. */
const PROGRAM = `${COLLECT_WARNINGS}
import torch
from peft import PeftModel
class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.q_proj = torch.nn.Linear(3, 2)
        self.head = torch.nn.Linear(2, 2)
class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.block = Block()
for ours, theirs in zip(sys.argv[1::2], sys.argv[2::2]):
    messages.clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = PeftModel.from_pretrained(Model(), ours)
        model.save_pretrained(theirs)
    layer = model.base_model.model.block.q_proj
    print(json.dumps({
        "warnings": messages + [str(w.message) for w in caught],
        "A": layer.lora_A["default"].weight.tolist(),
        "B": layer.lora_B["default"].weight.tolist(),
        "head": model.base_model.model.block.head.modules_to_save["default"].weight.tolist(),
    }))
`;

const record = {
  config: {
    base_model_name_or_path: '',
    inference_mode: true,
    lora_alpha: 4,
    modules_to_save: ['head'],
    peft_type: 'LORA',
    r: 1,
    target_modules: ['q_proj'],
    task_type: null,
  },
  tensors: [
    { key: siteKey('block.q_proj', 'lora_A.weight'), shape: [1, 3], data: Float32Array.of(0.5, -1, 2) },
    { key: siteKey('block.q_proj', 'lora_B.weight'), shape: [2, 1], data: Float32Array.of(3, 0.25) },
    { key: siteKey('block.head', 'weight'), shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
    { key: siteKey('block.head', 'bias'), shape: [2], data: Float32Array.of(5, 6) },
  ],
  provenance: null,
};

const byKey = (tensors: readonly SavedTensor[]) =>
  new Map(tensors.map(({ key, shape, data }) => [key, { shape, data }]));

describe.skipIf(!python)('PEFT in Python (PEFTJS_PYTHON or .venv)', () => {
  it('loads our folders of any dtype without a warning, and its own load here', async () => {
    const root = temporaryFolder();
    const dtypes = ['F32', 'F16', 'BF16'] as const;
    for (const dtype of dtypes) await saveAdapter(record, join(root, dtype), { dtype });
    // What stands beside PEFT's files is nothing to Python: neither the record nor the signature.
    const told = { ...record, provenance: { base: { name: 'base', fingerprint: 'sha256:00' } } };
    await saveAdapter(told, join(root, 'F32'), { story: { license: 'mit', parents: ['sha256:11'] } });
    await sign(join(root, 'F32'), (await createKeys()).privateKey);
    const misnamed = {
      ...record,
      tensors: record.tensors.map((t) => ({ ...t, key: t.key.replace('q_proj', 'k_proj') })),
    };
    await saveAdapter(misnamed, join(root, 'misnamed'));
    const pairs = [...dtypes, 'misnamed'].flatMap((name) => [join(root, name), join(root, `${name}-back`)]);
    const lines = runPython(python!, PROGRAM, pairs).trim().split('\n');
    const printed = lines.map((line) => JSON.parse(line));

    const head = [
      [1, 2],
      [3, 4],
    ];
    const expected = { warnings: [], A: [[0.5, -1, 2]], B: [[3], [0.25]], head };
    expect(printed.slice(0, 3)).toEqual([expected, expected, expected]);
    expect(printed[3].warnings.length).toBeGreaterThan(0);
    for (const dtype of dtypes) {
      const back = await loadAdapter(join(root, `${dtype}-back`));
      expect(byKey(back.tensors)).toEqual(byKey(record.tensors));
      expect(back.config).toMatchObject({ peft_type: 'LORA', r: 1, lora_alpha: 4, modules_to_save: ['head'] });
      expect(back.provenance).toBeNull();
    }
  });
});
