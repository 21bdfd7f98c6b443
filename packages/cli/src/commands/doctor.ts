// `peftjs doctor`: what there is to compute with.
import { availableParallelism, cpus, totalmem } from 'node:os';
import { type Command, command, EXIT } from '../command.ts';
import { bytes } from '../figures.ts';
import { backendNames, backendOptions } from '../options/backend-options.ts';
import { type BackendCheck, checkBackend } from '../options/check-backend.ts';
import { version } from '../version.ts';

/** The backend that needs nothing installed: where it fails, something is wrong. */
const DEFAULT = 'wasm';

export const doctor: Command = command({
  name: 'doctor',
  output: 'report',
  about: `Says what this machine has to compute with: Node, and each backend with its device, its limits and its threads,
or why it is not there. Each computes a gradient whose value is known.`,
  options: backendOptions,
  examples: [
    ['doctor', 'every backend'],
    ['doctor --backend wasm --threads 1 --json', 'one of them, for machines'],
  ],
  async run({ backend: names, threads }, { report, signal }) {
    const system = {
      peftjs: version(),
      node: process.versions.node,
      platform: `${process.platform} ${process.arch}`,
      cores: availableParallelism(),
      processor: cpus()[0]?.model.trim() || 'unknown',
      memory: totalmem(),
    };
    report.say(`peftjs   ${system.peftjs}`);
    report.say(`Node     ${system.node} on ${system.platform}`);
    report.say(`machine  ${system.cores} cores (${system.processor}), ${bytes(system.memory)} of memory`);
    const backends: BackendCheck[] = [];
    for (const name of backendNames.filter((one) => names.includes(one))) {
      const found = await checkBackend(name, threads, signal);
      backends.push(found);
      show(found, report.say);
    }
    const chosen = names.find((name) => backends.some((one) => one.name === name && one.status === 'works')) ?? null;
    const failed = backends.some(({ name, status }) => status === 'fails' || (name === DEFAULT && status !== 'works'));
    report.say(chosen === null ? 'none of them works' : `commands run on ${chosen} unless told otherwise`);
    report.result({ ...system, backends, chosen, passed: !failed && chosen !== null });
    return failed || chosen === null ? EXIT.checks : EXIT.ok;
  },
});

function show({ name, status, reason, device, details }: BackendCheck, say: (line: string) => void): void {
  const verdicts = {
    works: `works: ${device}; its gradient self-test passes`,
    absent: `not here: ${reason}`,
    fails: `FAILS: ${reason}`,
  };
  say(`${name.padEnd(8)} ${verdicts[status]}`);
  const facts = Object.entries(details).map(([key, value]) => `${key} ${value}`);
  if (facts.length > 0) say(`         ${facts.join(', ')}`);
}
