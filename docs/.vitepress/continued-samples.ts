// Samples that build on each other: for the type checker a sample comes after those before it on its page, which the
// reader does not see again.
import type { MarkdownRenderer } from 'vitepress';
import { readInfo } from '../scripts/samples.mjs';

/** Between what the type checker reads before a sample and the sample itself. */
export const CUT = '// ---cut---\n';

export function continuedSamples(md: MarkdownRenderer): void {
  md.core.ruler.push('continued-samples', (state) => {
    let before = '';
    for (const token of state.tokens) {
      if (token.type !== 'fence') continue;
      const said = readInfo(token.info);
      if (said === null) continue;
      if (said.fresh) before = '';
      const code = token.content;
      token.info = 'ts twoslash';
      token.content = before === '' ? code : `${before}${CUT}${code}`;
      before += code;
    }
  });
}
