// @ts-check
// Makes src/crew/hand.gen.ts: the script of a worker as text, with all that it imports, so that it starts anywhere.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { bundled } from '../../../scripts/bundled.mjs';

const target = new URL('../src/crew/hand.gen.ts', import.meta.url);
const code = await bundled(new URL('../src/crew/hand.ts', import.meta.url), 'hand');
const text = `// Made by scripts/bundle-hand.mjs of hand.ts.\nexport const HAND: string = ${JSON.stringify(code)};\n`;
if (!existsSync(target) || readFileSync(target, 'utf8') !== text) writeFileSync(target, text);
