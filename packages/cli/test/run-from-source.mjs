// The command from its sources, as a process, with `--conditions=peftjs-source --import source-loader.mjs`.
import { main } from '../src/main.ts';

process.exitCode = await main(process.argv.slice(2));
