// @ts-check
// What both pages show: a line an event, and at the end the hash of the adapter.
import { TEXTS } from './texts.mjs';

/**
 * @param {(notes: import('./train-notes.mjs').Notes) => AsyncIterable<unknown>} start
 * @param {import('@peftjs/checkpoint').Folder} out
 */
export function showRun(start, out) {
  const [text, button, log] = ['text', 'start', 'log'].map((id) => document.getElementById(id));
  if (!(text instanceof HTMLTextAreaElement && button instanceof HTMLButtonElement && log)) throw new Error('no page');
  /** @param {unknown} event */
  const show = (event) => log.append(`${JSON.stringify(event)}\n`);
  const steps = Number(new URLSearchParams(location.search).get('steps') ?? 8);
  text.value = TEXTS.join('\n');
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      const texts = text.value.split('\n').filter((line) => line !== '');
      for await (const event of start({ texts, steps })) show(event);
      show({ type: 'adapter', sha256: await hashOf(out) });
    } catch (error) {
      show({ type: 'error', message: String(error) });
    }
    button.disabled = false;
  });
  button.disabled = false;
}

/** @param {import('@peftjs/checkpoint').Folder} folder */
async function hashOf(folder) {
  const file = await folder.open('adapter_model.safetensors');
  if (file === null) throw new Error(`${folder.location} holds no adapter`);
  const bytes = new Uint8Array(await file.read(0, file.size));
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
