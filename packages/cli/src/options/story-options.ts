// Who made something and on what terms: options of the commands that write an adapter, a delta or a model.
import type { Story } from '@peftjs/checkpoint';
import { given } from '../given.ts';
import { type Option, text } from '../option.ts';

export interface StoryValues {
  readonly license: string | undefined;
  readonly author: string | undefined;
}

export const storyOptions: { readonly [K in keyof StoryValues]: Option<StoryValues[K]> } = {
  license: text('NAME', 'its license, as the hub names it, such as apache-2.0'),
  author: text('NAME', 'who made it'),
};

export function storyOf({ license, author }: StoryValues): Story {
  return given({ license, author });
}
