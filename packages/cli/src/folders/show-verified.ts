// Says what was found to be right about a folder.
import type { Run } from '../command.ts';
import { type FolderCheck, verifyFolder } from './verify-folder.ts';

export async function showVerified(path: string, run: Run, check: FolderCheck, more: object = {}): Promise<void> {
  const { report } = run;
  const found = await verifyFolder(path, run, check);
  report.say(`${found.kind.padEnd(8)} ${path}`);
  report.say(`signed   ${found.signedBy === null ? 'by nobody' : `by ${found.signedBy}`}`);
  for (const one of found.checked) report.say(`checked  ${one}`);
  report.result({ ...more, path, ...found });
}
