// The lines of Python that load what was trained.

/** Of an adapter in a folder. @param base as the adapter's configuration names it */
export function adapterLines(base: string, folder: string): readonly string[] {
  return [
    'from transformers import AutoModelForCausalLM',
    'from peft import PeftModel',
    `model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(${modelArguments(base)}), ${JSON.stringify(folder)})`,
  ];
}

/** Of a model in a folder. */
export function modelLines(folder: string): readonly string[] {
  return [
    'from transformers import AutoModelForCausalLM, AutoTokenizer',
    `model = AutoModelForCausalLM.from_pretrained(${JSON.stringify(folder)})`,
    `tokenizer = AutoTokenizer.from_pretrained(${JSON.stringify(folder)})`,
  ];
}

/** A GGUF file has a folder, or a model on the hub, that it is in. */
function modelArguments(name: string): string {
  const [, folder = '.', file] = /^(?:(.*)[\\/])?([^\\/]+\.gguf)$/.exec(name) ?? [];
  if (file === undefined) return JSON.stringify(name);
  return `${JSON.stringify(folder || '/')}, gguf_file=${JSON.stringify(file)}`;
}
