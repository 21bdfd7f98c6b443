import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { COMMIT, type HubFile, type HubServer, hubServer } from '../../test/hub-server.ts';
import { diskCache } from './disk-cache.ts';
import type { HubOptions, HubProgress } from './hub-options.ts';
import { openModelFolder } from './open-model-folder.ts';

const ID = 'tiny/llama';
const weights = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 2654435761) >>> 24);
/** Vitest's own comparison of so many numbers is slow. */
const isWeights = (bytes: Uint8Array): boolean => Buffer.compare(bytes, weights) === 0;
const files: Record<string, HubFile> = {
  'config.json': { bytes: new TextEncoder().encode('{"model_type":"llama"}') },
  'tokenizer.json': { bytes: new TextEncoder().encode('{"model":{}}') },
  'model.safetensors': { bytes: weights, large: true },
  'README.md': { bytes: new TextEncoder().encode('# Tiny') },
  'pytorch_model.bin': { bytes: weights, large: true },
  'onnx/model.safetensors': { bytes: weights, large: true },
  '../evil.safetensors': { bytes: weights, large: true },
};

let hub: HubServer;
let root: string;
let events: HubProgress[];
beforeEach(async () => {
  hub = await hubServer(ID, files);
  root = await mkdtemp(join(tmpdir(), 'peftjs-hub-'));
  events = [];
  for (const name of ['HF_ENDPOINT', 'HF_TOKEN', 'HF_HUB_OFFLINE', 'PEFTJS_CACHE']) vi.stubEnv(name, '');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.close();
  await rm(root, { recursive: true });
});

const options = (more: HubOptions = {}): HubOptions => ({
  endpoint: hub.endpoint,
  cache: join(root, 'cache'),
  onProgress: (event) => events.push(event),
  ...more,
  retry: { delay: 1, ...more.retry },
});
async function read(file: string, more?: HubOptions, name = ID): Promise<Uint8Array | null> {
  const source = await (await openModelFolder(name, options(more))).open(file);
  return source === null ? null : source.read(0, source.size);
}
const statuses = (): string[] => events.map(({ status }) => status).filter((status, i, all) => status !== all[i - 1]);
const kept = async (): Promise<string[]> => readdir(join(root, 'cache', 'blobs')).catch(() => []);

describe('a model on the hub', () => {
  it('lists what is used of it and fetches nothing before it is opened', async () => {
    const folder = await openModelFolder(ID, options());
    expect(await folder.list()).toEqual(['config.json', 'tokenizer.json', 'model.safetensors']);
    expect(folder.location).toBe(`${hub.endpoint}/${ID}`);
    expect(hub.log).toEqual([`GET /api/models/${ID}/revision/main`]);
    expect(await folder.open('README.md')).toBeNull();
    expect(await folder.open('special_tokens_map.json')).toBeNull();
    expect(hub.log).toHaveLength(1);
    for (const name of ['../evil.safetensors', '/etc/passwd', 'onnx/model.safetensors', '..', 'a\\b', '']) {
      await expect(folder.open(name)).rejects.toThrow(/is no file of/);
    }
  });

  it('is downloaded with progress, and the next time found in the cache', async () => {
    expect(await read('model.safetensors')).toSatisfy(isWeights);
    expect(statuses()).toEqual(['initiate', 'download', 'progress', 'done']);
    const total = weights.length;
    expect(events[0]).toEqual({ status: 'initiate', file: 'model.safetensors', loaded: 0, total });
    expect(events.at(-1)).toEqual({ status: 'done', file: 'model.safetensors', loaded: total, total });
    const loaded = events.map((event) => event.loaded);
    expect(loaded).toEqual(loaded.toSorted((a, b) => a - b));
    expect(await read('config.json')).toEqual(files['config.json']!.bytes);

    events = [];
    hub.log.length = 0;
    expect(await read('model.safetensors')).toSatisfy(isWeights);
    expect(events).toEqual([{ status: 'cached', file: 'model.safetensors', loaded: total, total }]);
    expect(hub.log).toEqual([`GET /api/models/${ID}/revision/main`]);
    expect((await kept()).filter((name) => !/^(sha256-[0-9a-f]{64}|git-[0-9a-f]{40})$/.test(name))).toEqual([]);
  });

  it('is fetched once when it is opened twice at the same time, also through two folders', async () => {
    const [one, two] = await Promise.all([openModelFolder(ID, options()), openModelFolder(ID, options())]);
    const sources = await Promise.all([one, one, two].map((folder) => folder.open('model.safetensors')));
    for (const source of sources) expect(await source!.read(7, 99)).toEqual(weights.slice(7, 99));
    expect(hub.tokensElsewhere).toHaveLength(1);
    expect(await kept()).toEqual([expect.stringMatching(/^sha256-[0-9a-f]{64}$/)]);
  });

  it('is found by HEAD where the list says nothing of the content', async () => {
    hub.faults.blobs = false;
    expect(await read('model.safetensors')).toSatisfy(isWeights);
    expect(await read('config.json')).toEqual(files['config.json']!.bytes);
    expect(hub.log.filter((line) => line.startsWith('HEAD'))).toHaveLength(2);
    expect(await kept()).toContainEqual(expect.stringMatching(/^sha256-/));
    expect(await kept()).toContainEqual(expect.stringMatching(/^git-/));
    hub.faults.damaged = 9;
    await rm(join(root, 'cache', 'blobs'), { recursive: true });
    await expect(read('model.safetensors')).rejects.toThrow(/damaged/);
  });

  it('takes endpoint, token and cache from the environment', async () => {
    hub.faults.token = 'hf_secret';
    vi.stubEnv('HF_ENDPOINT', `${hub.endpoint}/`);
    vi.stubEnv('HF_TOKEN', 'hf_secret');
    vi.stubEnv('PEFTJS_CACHE', join(root, 'other'));
    const source = await (await openModelFolder(`${ID}@v1.0`)).open('model.safetensors');
    expect(source!.name).toBe(`${hub.endpoint}/${ID}/tree/v1.0/model.safetensors`);
    expect(await readdir(join(root, 'other'))).toEqual(['blobs', 'notes']);
    expect(hub.tokensElsewhere).toEqual([undefined]);
  });
});

describe('a connection that is cut', () => {
  it('is taken up where it was cut', async () => {
    hub.faults.cuts = [100_000, 50_000, 0, 70_000];
    expect(await read('model.safetensors', { retry: { times: 2 } })).toSatisfy(isWeights);
    const ranges = hub.log.filter((line) => line.includes('resolve')).map((line) => line.split(' bytes=')[1]);
    expect(ranges).toEqual([undefined, '100000-', '150000-', '150000-', '220000-']);
  });

  it('is taken up by the next process', async () => {
    hub.faults.cuts = [100_000];
    await expect(read('model.safetensors', { retry: { times: 0 } })).rejects.toThrow(/model\.safetensors/);
    expect(await kept()).toEqual([expect.stringMatching(/^sha256-[0-9a-f]{64}\.partial$/)]);
    events = [];
    expect(await read('model.safetensors')).toSatisfy(isWeights);
    expect(events.find(({ status }) => status === 'download')!.loaded).toBe(100_000);
  });

  it('begins anew on a server that cannot resume', async () => {
    hub.faults.ranges = false;
    hub.faults.cuts = [100_000, 50_000];
    expect(await read('model.safetensors')).toSatisfy(isWeights);
  });

  it('is given up when nothing new comes, and says how far it came', async () => {
    hub.faults.cuts = [100_000, 0, 0, 0, 0];
    const failure = read('model.safetensors', { retry: { times: 2 } });
    await expect(failure).rejects.toThrow(
      /^\[peftjs\/models\] the connection to http:.* failed at model\.safetensors: .* stopped at 100000 of 300000 bytes, which are kept/,
    );
    expect(hub.tokensElsewhere).toHaveLength(3);
  });

  it('counts as cut when nothing comes for long', async () => {
    hub.faults.stalled = 1;
    expect(await read('model.safetensors', { retry: { stall: 200 } })).toSatisfy(isWeights);
    expect(hub.log.at(-1)).toMatch(/ bytes=150000-$/);
  });

  it('does not hold up those who wait: the lock of a dead process is void', async () => {
    hub.faults.cuts = [100_000];
    await read('model.safetensors', { retry: { times: 0 } }).catch(() => undefined);
    const [partial] = await kept();
    const lock = join(root, 'cache', 'blobs', partial!.replace('.partial', '.lock'));
    await writeFile(lock, `${hostname()} 999999999`);
    await utimes(lock, new Date(0), new Date(0));
    expect(await read('model.safetensors')).toSatisfy(isWeights);
    expect(await kept()).toHaveLength(1);
  });
});

describe('a file that arrives damaged', () => {
  it('is fetched anew', async () => {
    hub.faults.damaged = 1;
    expect(await read('model.safetensors')).toSatisfy(isWeights);
    expect(hub.tokensElsewhere).toHaveLength(2);
  });

  it('is refused when it is damaged again, and not kept', async () => {
    hub.faults.damaged = 2;
    await expect(read('model.safetensors')).rejects.toThrow(
      /^\[peftjs\/models\] model\.safetensors of tiny\/llama arrived damaged 2 times \(300000 bytes, sha256-.*: check the network/,
    );
    expect(await kept()).toEqual([]);
  });

  it('is noticed when what an earlier download left is wrong or too long', async () => {
    for (const size of [1000, 300_000, 400_000]) {
      hub.faults.cuts = [100];
      await read('model.safetensors', { retry: { times: 0 } }).catch(() => undefined);
      const [partial] = await kept();
      await writeFile(join(root, 'cache', 'blobs', partial!), new Uint8Array(size));
      expect(await read('model.safetensors')).toSatisfy(isWeights);
      await rm(join(root, 'cache', 'blobs'), { recursive: true });
    }
  });
});

describe('a signal', () => {
  it('stops a download at once and keeps what came', async () => {
    hub.faults.stalled = 1;
    const controller = new AbortController();
    const onProgress = ({ status }: HubProgress): void => {
      if (status === 'progress') controller.abort(new Error('enough'));
    };
    await expect(read('model.safetensors', { signal: controller.signal, onProgress })).rejects.toThrow('enough');
    expect(await kept()).toEqual([expect.stringMatching(/\.partial$/)]);
    expect(await read('model.safetensors')).toSatisfy(isWeights);
    expect(events.find(({ status }) => status === 'download')!.loaded).toBeGreaterThan(0);
  });

  it('stops before anything is asked, and while a busy server is waited for', async () => {
    await expect(openModelFolder(ID, options({ signal: AbortSignal.abort(new Error('enough')) }))).rejects.toThrow(
      'enough',
    );
    expect(hub.log).toEqual([]);
    hub.faults.refuse = { status: 503, headers: { 'retry-after': '50' } };
    await expect(openModelFolder(ID, options({ signal: AbortSignal.timeout(100) }))).rejects.toThrow(/timeout/);
  });
});

describe('a refusal', () => {
  it.each<[string, { status: number; code?: string }, HubOptions, RegExp]>([
    [
      'unknown or private',
      { status: 401, code: 'RepoNotFound' },
      {},
      /has no public model "tiny\/llama" \(401\): check the name, or set HF_TOKEN/,
    ],
    [
      'a bad token',
      { status: 401 },
      { token: 'hf_bad' },
      /the token does not open http.*\(401\): check that it is valid/,
    ],
    [
      'gated',
      { status: 401, code: 'GatedRepo' },
      {},
      /tiny\/llama is gated \(401\): accept its terms at http.*tiny\/llama, then set HF_TOKEN/,
    ],
    [
      'gated, with a token',
      { status: 403, code: 'GatedRepo' },
      { token: 'hf_x' },
      /then use the token of the account that did/,
    ],
    ['unknown', { status: 404, code: 'RepoNotFound' }, { token: 'hf_x' }, /has no model "tiny\/llama" \(404\)/],
    [
      'busy for good',
      { status: 503 },
      { retry: { times: 1 } },
      /answers 503 to the file list of tiny\/llama: try again later/,
    ],
    ['odd', { status: 418 }, {}, /answers 418 .*check the endpoint/],
  ])('that is %s is one line that says what to do', async (_, refuse, more, message) => {
    hub.faults.refuse = refuse;
    const error: Error = await openModelFolder(ID, options(more)).then(
      () => expect.unreachable(),
      (reason: Error) => reason,
    );
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^\[peftjs\/models\] [^\n]*$/);
    expect(error.message).not.toContain('hf_');
  });

  it('of a revision names the nearest', async () => {
    await expect(openModelFolder(`${ID}@v1`, options())).rejects.toThrow(/has no revision "v1"; nearest: "v1\.0"/);
  });

  it('that passes is waited for', async () => {
    hub.faults.refuse = { status: 429, times: 2 };
    expect(await read('config.json')).toEqual(files['config.json']!.bytes);
  });

  it('of a name that is near a local folder names that', async () => {
    await mkdir(join(root, 'mine'));
    await mkdir(join(root, 'mine', 'llama-tuned'));
    const back = process.cwd();
    process.chdir(root);
    try {
      await expect(openModelFolder('mine/lama-tuned', options())).rejects.toThrow(/nearest: mine[/\\]llama-tuned/);
    } finally {
      process.chdir(back);
    }
  });
});

describe('without a network', () => {
  it('a model comes from the cache, whether one says so or the hub is out of reach', async () => {
    await read('model.safetensors');
    await hub.close();
    expect(await read('model.safetensors')).toSatisfy(isWeights);
    expect(await read('model.safetensors', { offline: true })).toSatisfy(isWeights);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect(await read('model.safetensors', {}, `${ID}@${COMMIT}`)).toSatisfy(isWeights);
    await expect(read('tokenizer.json')).rejects.toThrow(
      /tokenizer\.json of tiny\/llama is not in the cache at .*while online/,
    );
    await expect(read('config.json', {}, 'tiny/other')).rejects.toThrow(/tiny\/other at "main" is not in the cache/);
  });

  it('a commit needs none to be listed again', async () => {
    await openModelFolder(`${ID}@${COMMIT}`, options());
    await openModelFolder(`${ID}@${COMMIT}`, options());
    expect(hub.log).toHaveLength(1);
  });

  it('a model that is not in the cache is an error that names the hub', async () => {
    await hub.close();
    await expect(openModelFolder(ID, options({ retry: { times: 1 } }))).rejects.toThrow(
      /the connection to http.* failed at the file list of tiny\/llama: .*, and there is no folder of that name here/,
    );
  });
});

it('says when there is no room', async () => {
  const disk = diskCache(join(root, 'cache'));
  const cache: typeof disk = {
    ...disk,
    begin: async (key, signal) => {
      const file = await disk.begin(key, signal);
      return Object.defineProperty(file, 'append', {
        value: async () => {
          throw new Error('ENOSPC: no space left on device, write');
        },
      });
    },
  };
  await expect(read('model.safetensors', { cache })).rejects.toThrow(
    /model\.safetensors of tiny\/llama cannot be kept in .*cache: ENOSPC: no space left/,
  );
});

describe('a local folder', () => {
  it('is opened before the hub is asked', async () => {
    await mkdir(join(root, 'base'));
    await writeFile(join(root, 'base', 'config.json'), '{}');
    const folder = await openModelFolder(join(root, 'base'), options());
    expect(await folder.list()).toEqual(['config.json']);
    expect((await folder.open('config.json'))!.size).toBe(2);
    expect(hub.log).toEqual([]);
  });

  it('that is missing gives the nearest, and a file the folder that it is in', async () => {
    await mkdir(join(root, 'base'));
    await writeFile(join(root, 'model.safetensors'), '');
    await expect(openModelFolder(join(root, 'bsae'), options())).rejects.toThrow(
      /no folder .*bsae; nearest: .*base, and a model on the hub is/,
    );
    await expect(openModelFolder(join(root, 'model.safetensors'), options())).rejects.toThrow(
      /is a file: name the folder/,
    );
    for (const name of ['llama', 'a/b/c', 'a/b@', 'a/b@..', '../b', '']) {
      await expect(openModelFolder(name, options())).rejects.toThrow(/^\[peftjs\/models\] no folder /);
    }
  });
});
