// What a run of the quickstart printed, as docs/scripts/record-quickstart.mjs keeps it; null where there is no record.
import { existsSync, readFileSync } from 'node:fs';

interface QuickstartRecord {
  readonly text: string;
  readonly date: string;
  readonly node: string;
  readonly processor: string;
  readonly cores: number;
}

declare const data: QuickstartRecord | null;

export { data };

const about = new URL('./generated/quickstart.json', import.meta.url);
const text = new URL('./generated/quickstart.txt', import.meta.url);

export default {
  watch: ['./generated/quickstart.*'],
  load: (): QuickstartRecord | null =>
    existsSync(about) && existsSync(text)
      ? { ...JSON.parse(readFileSync(about, 'utf8')), text: readFileSync(text, 'utf8') }
      : null,
};
