// The option that says which rows of the embedding are trained.
import { integers, type Option } from '../option.ts';

export const trainTokens: Option<readonly number[] | undefined> = integers(
  'IDS',
  'tokens whose embeddings are trained, by their ids',
);
