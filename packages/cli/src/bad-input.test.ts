import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { peftjs, withOptions } from '../test/command-line.ts';
import { makeWorkplace, type Workplace } from '../test/tiny-model.ts';

let place: Workplace;
let other: Workplace;
beforeAll(async () => {
  place = await makeWorkplace();
  other = await makeWorkplace(2);
  const made = await peftjs(train('--steps', '1'));
  expect(made.stderr).toBe('');
}, 60_000);
afterAll(() => {
  place.remove();
  other.remove();
});

/** Options of the common case, but those of `more` in their place. */
function train(...more: string[]): string[] {
  const common = [
    '--model',
    place.model,
    '--data',
    place.data,
    '--out',
    place.path('out'),
    '--backend',
    'cpu',
    '--steps',
    '1',
  ];
  return ['train', ...withOptions(common, more)];
}

/** Runs what must fail: one line on stderr, nothing written. */
async function failure(args: readonly string[], code: number): Promise<string> {
  const before = snapshot();
  const ran = await peftjs(args);
  expect(ran.code, ran.stderr || ran.stdout).toBe(code);
  expect(ran.stderr).toMatch(/^error: [^\n]+\n$/);
  expect(snapshot()).toEqual(before);
  return ran.stderr;
}

/** Every file and its size. */
function snapshot(): readonly string[] {
  return readdirSync(place.folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const path = place.path(name);
      return existsSync(`${path}/.`) ? name : `${name} ${readFileSync(path).length}`;
    });
}

describe('wrong usage', () => {
  test.for([
    [['trian'], /unknown command "trian"; nearest: "train"/],
    [['train', '--ranc', '4'], /unknown option --ranc; nearest: --rank/],
    [['train', '-r', '4'], /unknown option -r/],
    [['train', '--rank'], /--rank needs a value: a whole number of at least 1/],
    [['train', '--rank', '--dora'], /--rank needs a value/],
    [['train', '--rank', 'four'], /--rank is "four"; it needs a whole number of at least 1/],
    [['train', '--rank', '4', '--rank', '8'], /--rank is given twice, as 4 and as 8; it takes one: a whole number/],
    [['train', '--targets', 'a', '--targets', 'b'], /--targets is given twice.*it takes one: a list, such as a,b/],
    [['train', '--packing', '--no-packing'], /--packing is given twice, as true and as false/],
    [['inspect', 'a', '--path', 'b'], /--path is given twice, as a and as b/],
    [['train', '--rank', '0'], /--rank is "0"; it needs a whole number of at least 1/],
    [['train', '--dropout', '1'], /--dropout is "1"; it needs a number of at least 0 and below 1/],
    [['train', '--schedule', 'cosin'], /needs one of linear, cosine, constant; nearest: "cosine"/],
    [['train', '--method', 'lorra'], /--method is "lorra".*nearest: "lora"/],
    [['train', '--backend', 'cpu,wasn'], /--backend is "cpu,wasn".*nearest: "wasm"/],
    [['train', 'somewhere'], /unexpected argument "somewhere"/],
    [['train', '--data', 'x'], /--model MODEL is missing/],
    [['inspect'], /PATH is missing/],
    [['eval', '--config', 'nowhere.json'], /--config nowhere.json cannot be read/],
  ] as const)('%s', async ([args, expected]) => {
    expect(await failure([...args], 2)).toMatch(expected);
  });

  test('a config file with an unknown key, a wrong value, or no JSON', async () => {
    const config = (content: string) => {
      writeFileSync(other.path('config.json'), content);
      return ['train', '--config', other.path('config.json')];
    };
    expect(await failure(config('{"ranc":4}'), 2)).toMatch(/config\.json: unknown key "ranc"; nearest: "rank"/);
    expect(await failure(config('{"rank":"four"}'), 2)).toMatch(/"rank" in .*config\.json is "four"/);
    expect(await failure(config('{"dora":1}'), 2)).toMatch(/it needs true or false/);
    expect(await failure(config('{"rank":4'), 2)).toMatch(/config\.json is no JSON/);
    expect(await failure(config('[]'), 2)).toMatch(/is not an object of options/);
  });

  test('an output that would overwrite something else', async () => {
    expect(await failure(train('--out', place.model), 2)).toMatch(/is a folder that is read/);
    expect(await failure(train('--out', place.data), 2)).toMatch(/is a file; choose a folder/);
    expect(await failure(train('--out', place.folder), 2)).toMatch(/holds ".*", which is no part of an adapter/);
    expect(await failure(train('--metrics', place.path('out/metrics.jsonl')), 2)).toMatch(/lies in --out/);
  });

  test('a length over the context, fields that are none', async () => {
    expect(await failure(train('--length', '33'), 2)).toMatch(/--length is 33; the context of .* is 32 tokens/);
    expect(await failure(train('--fields', 'body=text'), 2)).toMatch(/--fields has "body=text"/);
    expect(await failure(train('--resume', '--restart'), 2)).toMatch(/contradict/);
  });
});

describe('bad data', () => {
  const data = (name: string, content: string) => {
    writeFileSync(other.path(name), content);
    return train('--data', other.path(name));
  };
  test.for([
    ['a line that does not parse', 'broken.jsonl', '{"text":"a b"}\n{"text":\n', /broken\.jsonl:2 does not parse/],
    ['an empty file', 'empty.jsonl', '', /empty\.jsonl holds no example/],
    ['an unknown field', 'field.jsonl', '{"tex":"a"}\n', /field\.jsonl:1 has the unknown field "tex"; nearest: "text"/],
    ['an unknown ending', 'data.jsnl', '{}', /data\.jsnl has an ending that names no format; nearest: "\.jsonl"/],
  ] as const)('%s', async ([, name, content, expected]) => {
    expect(await failure(data(name, content), 1)).toMatch(expected);
  });

  test('tokens beyond the context', async () => {
    const completion = 'and so on '.repeat(40);
    const line = `${JSON.stringify({ prompt: 'Say', completion })}\n`;
    expect(await failure(data('long.jsonl', line), 1)).toMatch(/long\.jsonl:1 is \d+ tokens long, and at most 32 fit/);
    const prompt = ['generate', '--model', place.model, '--backend', 'cpu', '--prompt', completion];
    expect((await peftjs(prompt)).stderr).toMatch(
      /error: .*the prompt has \d+ tokens, more than the model's context of 32/,
    );
  });

  test('no file, no folder', async () => {
    expect(await failure(train('--data', place.path('dat.jsonl')), 1)).toMatch(/is not there; nearest: .*data\.jsonl/);
    mkdirSync(other.path('texts'), { recursive: true });
    writeFileSync(other.path('texts/trian.jsonl'), '');
    expect(await failure(train('--data', other.path('texts')), 1)).toMatch(
      /has no train\.jsonl.*nearest: trian\.jsonl/,
    );
  });
});

describe('bad models and adapters', () => {
  test('a model that is not there, or of an unknown type', async () => {
    expect(await failure(train('--model', place.path('modle')), 1)).toMatch(/no folder .*modle; nearest: .*model/);
    mkdirSync(other.path('unknown'), { recursive: true });
    writeFileSync(other.path('unknown/config.json'), '{"model_type":"lama"}');
    expect(await failure(train('--model', other.path('unknown')), 1)).toMatch(
      /model_type "lama" is not supported; nearest: "llama"/,
    );
  });

  test('truncated weights', async () => {
    mkdirSync(other.path('cut'), { recursive: true });
    for (const name of readdirSync(other.model))
      writeFileSync(other.path(`cut/${name}`), readFileSync(`${other.model}/${name}`));
    writeFileSync(
      other.path('cut/model.safetensors'),
      readFileSync(`${other.model}/model.safetensors`).subarray(0, 5000),
    );
    expect(await failure(train('--model', other.path('cut')), 1)).toMatch(/cut\/model\.safetensors/);
  });

  test('a target that matches nothing, a rank over the layer', async () => {
    expect(await failure(train('--targets', 'q_prj'), 1)).toMatch(/no site matches "q_prj"; nearest: "q_proj"/);
    expect(await failure(train('--rank', '9'), 1)).toMatch(/k_proj": .*rank.* 9 .*at most 8/);
  });

  test('virtual tokens that leave no room, a text for a prompt that does not start as one', async () => {
    const prompt = (...more: string[]) => failure(train('--method', 'prompt', ...more), 2);
    expect(await prompt('--virtual-tokens', '9', '--length', '24')).toMatch(
      /--length is 24; the context of .* is 32 tokens, 9 of them virtual ones/,
    );
    expect(await prompt('--virtual-tokens', '32')).toMatch(
      /--length is \d+; the context of .* 32 of them virtual ones/,
    );
    expect(await prompt('--prompt-text', 'Hear, hear')).toMatch(/--prompt-text and --prompt-init text go together/);
    expect(await prompt('--prompt-init', 'text')).toMatch(/--prompt-text and --prompt-init text go together/);
  });

  test('an adapter for another base', async () => {
    const args = [
      'eval',
      '--model',
      other.model,
      '--adapter',
      place.path('out'),
      '--data',
      place.data,
      '--backend',
      'cpu',
    ];
    expect(await failure(args, 1)).toMatch(
      /was made for ".*" \(sha256:\w+\), this base is ".*" \(sha256:\w+\); .* known here as "/,
    );
    const merge = [
      'merge',
      '--model',
      other.model,
      '--adapter',
      place.path('out'),
      '--out',
      place.path('merged'),
      '--backend',
      'cpu',
    ];
    expect(await failure(merge, 1)).toMatch(/the adapter was made for ".*" \(sha256:/);
  });

  test('an adapter that was changed, and one whose keys the model does not have', async () => {
    mkdirSync(other.path('changed'), { recursive: true });
    for (const name of readdirSync(place.path('out')))
      writeFileSync(other.path(`changed/${name}`), readFileSync(place.path(`out/${name}`)));
    const file = other.path('changed/adapter_model.safetensors');
    writeFileSync(
      file,
      readFileSync(file).toString('latin1').replace('layers.1.mlp.up_proj.lora_A', 'layers.1.mlp.up_prjo.lora_A'),
      'latin1',
    );
    expect(await failure(['inspect', other.path('changed')], 1)).toMatch(/it was damaged, or changed on purpose/);
    rmSync(other.path('changed/peftjs.json'));
    const args = [
      'generate',
      '--model',
      place.model,
      '--adapter',
      other.path('changed'),
      '--prompt',
      'A',
      '--backend',
      'cpu',
    ];
    const { code, stderr } = await peftjs(args);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /nothing in the model takes ".*up_prjo\.lora_A\.weight"; nearest: ".*up_proj\.lora_A\.weight"/,
    );
  });
});

test('--debug adds the stack', async () => {
  const { stderr } = await peftjs([...train('--targets', 'q_prj'), '--debug']);
  expect(stderr).toMatch(/\n {4}at /);
});
