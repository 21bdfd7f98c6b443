/** Which files of a model are used. Others are neither listed nor fetched. */
const USED =
  /^(config\.json|generation_config\.json|tokenizer[\w.-]*\.json|chat_template\.jinja|[\w.-]+\.safetensors|[\w.-]+\.gguf|model\.safetensors\.index\.json)$/;

export function isModelFileName(name: string): boolean {
  return USED.test(name);
}

/** Fails for a name that would lead out of the folder. */
export function checkFileName(name: string, location: string): void {
  if (/^[\w-][\w.-]*$/.test(name)) return;
  throw new Error(
    `[peftjs/models] ${JSON.stringify(name)} is no file of ${location}: a name has letters, digits, dots and dashes, and no folder`,
  );
}
