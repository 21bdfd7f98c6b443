// @ts-check
// What a result was measured on, without anything that names the machine, and whether that machine was quiet.
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

/** Busy processes, in the last minute, from which a measurement is not worth keeping. */
const BUSY = 0.5;

/** Model, family and the SIMD extensions that the engines make use of. */
function processor() {
  const model = (cpus()[0]?.model ?? 'unknown').trim();
  try {
    const text = readFileSync('/proc/cpuinfo', 'utf8');
    const field = (/** @type {string} */ name) => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(text)?.[1] ?? '';
    const simd = field('flags')
      .split(' ')
      .filter((flag) => /^(avx2|avx512f|avx512_bf16|avx512_vnni|fma)$/.test(flag));
    return { model, family: `${field('cpu family')}/${field('model')}`, simd };
  } catch {
    return { model, family: null, simd: [] };
  }
}

export function describeMachine() {
  return {
    processor: processor(),
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    v8: process.versions.v8,
    loadAverage: loadavg().map((load) => Number(load.toFixed(2))),
  };
}

/** Why the machine is not fit for measuring now, or null. */
export function disturbance() {
  const [lastMinute = 0] = loadavg();
  return lastMinute > BUSY
    ? `the load average of the last minute is ${lastMinute.toFixed(2)}, over ${BUSY}: other processes are running`
    : null;
}
