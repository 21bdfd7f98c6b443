// @ts-check
// Writes golden/registry: a registry of one adapter, signed with the private key of the first test vector in RFC 8032.
// Run: node --conditions=peftjs-source --import ./packages/cli/test/source-loader.mjs packages/registry/scripts/write-golden.mjs
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryFolder, saveAdapter } from '@peftjs/checkpoint';
import { publish } from '@peftjs/registry';
import { NOTES } from '../test/golden-suite.ts';

const SECRET = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';
/** PKCS #8 of an Ed25519 key, up to its 32 bytes (RFC 8410, 7). */
const HEAD = '302e020100300506032b657004220420';
const body = Buffer.from(HEAD + SECRET, 'hex').toString('base64');
const privateKey = `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`;

const folder = join(import.meta.dirname, '../../../golden/registry');
const notes = memoryFolder();
await saveAdapter(NOTES, notes, { story: { license: 'cc0-1.0', metrics: { loss: 0.5 } } });
await rm(folder, { recursive: true, force: true });
await publish(folder, notes, { name: 'notes', privateKey });
