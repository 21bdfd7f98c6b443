/** What is wrong with a file, on one line that names the file and, where there is one, the tensor. */
export class SafetensorsError extends Error {
  override readonly name = 'SafetensorsError';
  /** Path or URL of the file at fault. */
  readonly file: string;
  /** Name of the tensor at fault. */
  readonly tensor: string | undefined;

  constructor(file: string, message: string, options: { readonly tensor?: string; readonly cause?: unknown } = {}) {
    const tensor = options.tensor === undefined ? '' : `tensor ${quote(options.tensor)} `;
    super(
      `[peftjs/safetensors] ${oneLine(file)}: ${tensor}${oneLine(message)}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.file = file;
    this.tensor = options.tensor;
  }
}

/** A name as an error shows it: quoted, control characters escaped, cut where it is very long. */
export function quote(name: string): string {
  return oneLine(JSON.stringify(name.length > 120 ? `${name.slice(0, 117)}...` : name));
}

/** `text` with control characters and line breaks escaped, so that an error stays on one line. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => `\\u${c.codePointAt(0)?.toString(16).padStart(4, '0')}`);
}
