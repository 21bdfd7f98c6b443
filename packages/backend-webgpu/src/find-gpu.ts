// Where WebGPU comes from: the platform's own, or in Node the optional package `webgpu` (Dawn).

const PACKAGE = 'webgpu';

/** What `webgpu` exports. */
interface Dawn {
  create(flags: string[]): GPU;
  readonly globals: Record<string, unknown>;
}

/** A way to WebGPU, or the reason why there is none. */
export type Found = { readonly gpu: GPU } | { readonly obstacle: string };

let dawn: GPU | undefined;

/** Finds WebGPU here, and in Node loads it. Throws nothing. */
export async function findGpu(): Promise<Found> {
  const own = globalThis.navigator?.gpu;
  if (own) return { gpu: own };
  if (typeof process !== 'object' || !process.versions?.node) return { obstacle: missingInPage() };
  try {
    if (dawn === undefined) {
      const { create, globals } = (await import(/* @vite-ignore */ PACKAGE)) as Dawn;
      dawn = create([]);
      Object.assign(globalThis, globals);
    }
    return { gpu: dawn };
  } catch (cause) {
    const found = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    return {
      obstacle: `Node has no WebGPU of its own, and "${PACKAGE}" does not load (${found}); npm install ${PACKAGE}`,
    };
  }
}

function missingInPage(): string {
  return globalThis.isSecureContext === false
    ? 'a page has WebGPU only over https or on localhost'
    : 'this browser has no WebGPU (navigator.gpu); use a newer Chrome, Edge, Safari or Firefox';
}
