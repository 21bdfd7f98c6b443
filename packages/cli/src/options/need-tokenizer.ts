import type { CausalLM, TextTokenizer } from '@peftjs/models';

/** @throws where the model has no tokenizer, which text needs */
export function needTokenizer(model: CausalLM): TextTokenizer {
  if (model.tokenizer !== null) return model.tokenizer;
  throw new Error(
    `[peftjs/cli] ${model.base.name} has no tokenizer.json, so that it cannot read text; put it into the folder`,
  );
}
