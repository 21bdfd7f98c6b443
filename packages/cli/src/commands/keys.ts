// `peftjs keys`: a new key pair to sign with.
import { writeFile } from 'node:fs/promises';
import { createKeys } from '@peftjs/checkpoint';
import { type Command, command, EXIT } from '../command.ts';
import { required, text } from '../option.ts';
import { UsageError } from '../usage-error.ts';

const options = {
  out: required(text('FILE', 'where the private key is saved; the public one is saved as FILE.pub')),
};

export const keys: Command = command({
  name: 'keys',
  output: 'report',
  positional: 'out',
  about: `Makes a key pair (Ed25519). The private key signs, and is for nobody else; the public key is for everybody who is
to know by it what you have signed. A file that is there is not written over.`,
  options,
  examples: [['keys team.key', 'team.key signs, team.key.pub is given to the others']],
  async run({ out }, { report }) {
    const { publicKey, privateKey } = await createKeys();
    await writeNew(out, privateKey, 0o600);
    await writeNew(`${out}.pub`, `${publicKey}\n`, 0o644);
    report.say(`private  ${out}: keep it to yourself`);
    report.say(`public   ${out}.pub: ${publicKey}`);
    report.result({ privateKey: out, publicKeyFile: `${out}.pub`, publicKey });
    return EXIT.ok;
  },
});

async function writeNew(path: string, content: string, mode: number): Promise<void> {
  await writeFile(path, content, { flag: 'wx', mode }).catch((cause: NodeJS.ErrnoException) => {
    const why =
      cause.code === 'EEXIST' ? 'is there already; choose another name' : `cannot be written: ${cause.message}`;
    throw new UsageError(`${path} ${why}`, { cause });
  });
}
