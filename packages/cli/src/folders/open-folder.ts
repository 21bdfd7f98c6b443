// A folder that a command reads: on the disk, behind a URL, or a model on the hub.
import type { Folder } from '@peftjs/checkpoint';
import { type HubProgress, openModelFolder } from '@peftjs/models';
import type { Run } from '../command.ts';
import { bytes } from '../figures.ts';

type Say = (line: string) => void;

/** @throws naming the nearest folder where there is none of that name */
export function openFolder(name: string, { report, signal }: Run): Promise<Folder> {
  return openModelFolder(name, { signal, onProgress: (event) => showDownload(event, report.say) });
}

export function showDownload({ status, file, loaded, total }: HubProgress, say: Say): void {
  if (status === 'download') {
    const rest = loaded > 0 ? `, ${bytes(loaded)} of it here already` : '';
    say(`download ${file}: ${bytes(total)}${rest}`);
  }
  if (status === 'done' && total > 10_000_000) say(`         ${file} is here`);
}
