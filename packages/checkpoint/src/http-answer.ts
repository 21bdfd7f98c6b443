// What a server answers when it is asked for a file.
import { type ByteSource, memorySource } from '@peftjs/safetensors';
import { CheckpointError } from './checkpoint-error.ts';

/** The file that an answer is; null where there is none. */
export async function wholeSource(file: string, response: Response): Promise<ByteSource | null> {
  if (response.status === 404) {
    await response.body?.cancel();
    return null;
  }
  if (!response.ok) throw refusal(file, response);
  const bytes = await bytesOf(file, response);
  return memorySource(file, bytes);
}

export function refusal(file: string, { status, statusText }: Response): CheckpointError {
  return new CheckpointError(`${file}: the server answered ${status} ${statusText}`);
}

/** @throws where less or more came than was announced */
export async function bytesOf(file: string, response: Response): Promise<Uint8Array> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const announced = response.headers.get('content-length');
  if (announced === null || response.headers.get('content-encoding') !== null || Number(announced) === bytes.length)
    return bytes;
  throw new CheckpointError(`${file} came with ${bytes.length} bytes, ${announced} were announced`);
}
