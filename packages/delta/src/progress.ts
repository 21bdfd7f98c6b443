/** What a long call is at. */
export interface DeltaProgress {
  /** `reading`: tensors are hashed and compared; `fitting`: codecs are tried; `writing`: tensors are encoded, or restored */
  readonly status: 'reading' | 'fitting' | 'writing';
  readonly tensor: string;
  /** Bytes of tensors done, and of all of them. */
  readonly loaded: number;
  readonly total: number;
}

/** What every long call takes. */
export interface DeltaRun {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: DeltaProgress) => void) | undefined;
}

/** Adds up bytes and tells of them. */
export function progressOf({ onProgress }: DeltaRun, status: DeltaProgress['status'], total: number) {
  let loaded = 0;
  return (tensor: string, bytes: number): void => {
    loaded += bytes;
    onProgress?.({ status, tensor, loaded, total });
  };
}
