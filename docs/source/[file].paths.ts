// The source files that pages link to, each as a page, so that a link to a file that is gone fails the build.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pages, root } from '../scripts/pages.mjs';

interface SourcePage {
  readonly params: { readonly file: string; readonly path: string };
  readonly content: string;
}

export default {
  paths(): SourcePage[] {
    const links = pages().flatMap(({ markdown }) => [...markdown.matchAll(/\]\(\/source\/([\w/-]+)\)/g)]);
    return [...new Set(links.map(([, file = '']) => file))].map((file) => {
      const [name, ...rest] = file.split('/');
      const path = `packages/${name}/src/${rest.join('/')}.ts`;
      if (!existsSync(join(root, path))) throw new Error(`a page links to ${path}, which is not there`);
      const code = readFileSync(join(root, path), 'utf8');
      return { params: { file, path }, content: `\`\`\`\`typescript\n${code}\n\`\`\`\`` };
    });
  },
};
