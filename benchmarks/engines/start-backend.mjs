// @ts-check
// The backend that an engine of ours was told to use.
import { useBackend } from '@peftjs/backend';
import { node } from '@peftjs/backend-node';
import { wasm } from '@peftjs/backend-wasm';
import { Absent } from './serve.mjs';

/**
 * @param {{ backend: 'wasm' | 'node', threads: number }} options
 * @throws Absent where the native library is not installed
 */
export async function startBackend({ backend, threads }) {
  const chosen = backend === 'wasm' ? wasm({ threads }) : node({ device: 'cpu', threads });
  const obstacle = await chosen.probe();
  if (obstacle !== null) throw new Absent(obstacle);
  const { device, details } = await useBackend(chosen);
  return { device, ...details };
}
