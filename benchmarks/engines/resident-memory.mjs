// @ts-check
// The most memory that this process has had resident.
import { readFileSync } from 'node:fs';

/** Bytes. Where there is no /proc, the system's own figure, which may include what the parent had. */
export function peakResidentBytes() {
  try {
    const found = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
    if (found) return Number(found[1]) * 1024;
  } catch {}
  return process.resourceUsage().maxRSS * 1024;
}
