// Builds the native binding of @tensorflow/tfjs-node against the libtensorflow inside TensorFlow's Python wheel, for
// machines that cannot download the binding. Run: node scripts/build-tfjs-node.mjs
//
// PEFTJS_PYTHON   the Python to take the library from, or to download it with (default: .venv/bin/python, python3)
// XDG_CACHE_HOME  the library and the finished binding are kept in its peftjs/ folder (default: ~/.cache)

import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const TENSORFLOW = '2.21.0';
const NODE_GYP = '11.5.0';
const NAPI = 8;
const FRAMEWORK = 'libtensorflow_framework.so.2';
const LIBRARY = 'libtensorflow_cc.so.2';
const HEADERS = ['tensorflow/c/', 'tensorflow/core/platform/ctstring', 'tsl/platform/ctstring', 'xla/tsl/c/'];

const root = resolve(import.meta.dirname ?? '.', '..');
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'peftjs');
const say = (line) => console.log(`tfjs-node: ${line}`);

class BuildError extends Error {}

function run(command, args, options = {}) {
  const done = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  const output = `${done.stdout ?? ''}${done.stderr ?? ''}${done.error?.message ?? ''}`;
  return { ok: done.status === 0, stdout: (done.stdout ?? '').trim(), output: output.trim() };
}

function must(what, result) {
  if (result.ok) return result.stdout;
  throw new BuildError(`${what} failed:\n${result.output.split('\n').slice(-15).join('\n')}`);
}

/** The folder of the installed @tensorflow/tfjs-node. */
function packageFolder() {
  const require = createRequire(join(root, 'packages/backend-node/package.json'));
  try {
    return dirname(require.resolve('@tensorflow/tfjs-node/package.json'));
  } catch {
    throw new BuildError('@tensorflow/tfjs-node is not installed; run "pnpm install" first');
  }
}

function findPython() {
  const asked = process.env.PEFTJS_PYTHON;
  const candidates = asked ? [asked] : [join(root, '.venv/bin/python'), 'python3'];
  const found = candidates.find((python) => run(python, ['--version']).ok);
  if (!found) throw new BuildError(`no Python found (tried ${candidates.join(', ')}); set PEFTJS_PYTHON`);
  return found;
}

/** A folder made whole or not at all: filled under another name, then renamed. */
function makeFolder(folder, fill) {
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  const draft = mkdtempSync(`${folder}-draft-`);
  try {
    fill(draft);
    renameSync(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** Where TensorFlow's libraries and headers are: an installed wheel of the right version, or a downloaded one. */
function libtensorflow() {
  const kept = join(cache, `libtensorflow-${TENSORFLOW}-${process.platform}-${process.arch}`);
  if (existsSync(kept)) return kept;
  const python = findPython();
  const installed = run(python, [
    '-c',
    'from importlib.metadata import distribution as d; w = d("tensorflow-cpu"); print(w.version, w.locate_file("tensorflow"))',
  ]);
  if (installed.ok && installed.stdout.startsWith(`${TENSORFLOW} `)) {
    const folder = installed.stdout.slice(TENSORFLOW.length + 1);
    say(`library of tensorflow-cpu ${TENSORFLOW} in ${folder}`);
    return folder;
  }
  return makeFolder(kept, (draft) => {
    say(`downloading tensorflow-cpu ${TENSORFLOW} (260 MB, once)`);
    const wheel = ['download', '--no-deps', '--only-binary=:all:', '--python-version=3.11', '--quiet', '-d', draft];
    must('pip download', run(python, ['-m', 'pip', ...wheel, `tensorflow-cpu==${TENSORFLOW}`]));
    must(
      'unpacking the wheel',
      run(python, ['-c', UNPACK, draft, LIBRARY, FRAMEWORK, ...HEADERS.map((header) => `include/${header}`)]),
    );
  });
}

const UNPACK = `
import glob, os, sys, zipfile
folder, wanted = sys.argv[1], tuple('tensorflow/' + name for name in sys.argv[2:])
wheel, = glob.glob(os.path.join(folder, '*.whl'))
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if name.startswith(wanted): archive.extract(name, folder)
os.remove(wheel)
for name in os.listdir(os.path.join(folder, 'tensorflow')):
    os.rename(os.path.join(folder, 'tensorflow', name), os.path.join(folder, name))
os.rmdir(os.path.join(folder, 'tensorflow'))
`;

function linkLibrary(folder, source) {
  const deps = join(folder, 'deps');
  rmSync(deps, { recursive: true, force: true });
  mkdirSync(join(deps, 'lib'), { recursive: true });
  symlinkSync(join(source, 'include'), join(deps, 'include'));
  const names = {
    'libtensorflow.so': LIBRARY,
    [LIBRARY]: LIBRARY,
    'libtensorflow_framework.so': FRAMEWORK,
    [FRAMEWORK]: FRAMEWORK,
  };
  for (const [name, target] of Object.entries(names)) symlinkSync(join(source, target), join(deps, 'lib', name));
}

/** Node's own headers, where they lie beside it; else node-gyp downloads them. */
function nodeHeaders() {
  const beside = resolve(dirname(process.execPath), '..');
  const configured = run('npm', ['config', 'get', 'nodedir']).stdout;
  return [beside, configured].find((folder) => existsSync(join(folder, 'include/node/node_api.h')));
}

function compile(folder) {
  say('compiling the binding');
  const headers = nodeHeaders();
  const gyp = [
    '--yes',
    `node-gyp@${NODE_GYP}`,
    'rebuild',
    `--python=${must('finding Python', run(findPython(), ['-c', 'import sys; print(sys.executable)']))}`,
  ];
  if (headers) gyp.push(`--nodedir=${headers}`);
  gyp.push('--', '-Dmodule_name=tfjs_binding', `-Dmodule_path=lib/napi-v${NAPI}`, `-Dnapi_build_version=${NAPI}`);
  must('node-gyp', run('npx', gyp, { cwd: folder }));
  rmSync(join(folder, 'build'), { recursive: true, force: true });
}

/** Loads the package in a process of its own and multiplies two matrices. */
function check(folder) {
  const script = `
    const util = require('util');
    util.isNullOrUndefined ??= (x) => x == null;
    util.isArray ??= Array.isArray;
    const tf = require(${JSON.stringify(folder)});
    if (tf.getBackend() !== 'tensorflow') throw new Error('backend is ' + tf.getBackend());
    if (tf.matMul([[1, 2]], [[3], [4]]).dataSync()[0] !== 11) throw new Error('wrong product');`;
  return run(process.execPath, ['-e', script], { env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' } });
}

function build() {
  const folder = packageFolder();
  const binding = join(folder, `lib/napi-v${NAPI}/tfjs_binding.node`);
  if (existsSync(binding) && check(folder).ok) return say(`the binding loads already: ${binding}`);
  if (process.platform !== 'linux') {
    throw new BuildError(
      `this script builds on Linux only; run "npm rebuild @tensorflow/tfjs-node" on ${process.platform}`,
    );
  }
  linkLibrary(folder, libtensorflow());
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const kept = join(cache, `tfjs-node-${version}-tf-${TENSORFLOW}-napi-${NAPI}-${process.platform}-${process.arch}`);
  mkdirSync(dirname(binding), { recursive: true });
  if (existsSync(kept)) {
    copyFileSync(join(kept, 'tfjs_binding.node'), binding);
    if (check(folder).ok) return say(`binding taken from ${kept}`);
    rmSync(kept, { recursive: true, force: true });
  }
  compile(folder);
  must('loading the new binding', check(folder));
  makeFolder(kept, (draft) => copyFileSync(binding, join(draft, 'tfjs_binding.node')));
  say(`built ${binding}; kept a copy in ${kept}`);
}

try {
  build();
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(`tfjs-node: ${error.message}`);
  process.exitCode = 1;
}
