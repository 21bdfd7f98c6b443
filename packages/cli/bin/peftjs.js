#!/usr/bin/env node
import { main } from '../dist/main.js';

// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on('error', ({ code }) => process.exit(code === 'EPIPE' ? 0 : 1));
process.exitCode = await main(process.argv.slice(2));
