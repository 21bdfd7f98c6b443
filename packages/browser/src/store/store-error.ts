/** An API that this page does not have. Most are there only where a page is secure. */
export function missing(api: string, location: string): Error {
  const why =
    globalThis.isSecureContext === false
      ? 'this page is not secure: serve it over https or from localhost'
      : 'this browser has none';
  return new Error(`[peftjs/browser] ${location} needs ${api}, ${why}. indexedDb() works on every page`);
}

/** What a write to `location` failed with, told so that one can do something about it. */
export function notKept(location: string, path: string, cause: unknown): Error {
  const name = cause instanceof Error || cause instanceof DOMException ? cause.name : '';
  const reason =
    name === 'QuotaExceededError'
      ? 'the browser gives this page no more storage (QuotaExceededError); storageQuota() says how much it has, and deleting what is not needed makes room'
      : String(cause instanceof Error ? cause.message : cause);
  return new Error(`[peftjs/browser] ${path} was not kept in ${location}: ${reason}`, { cause });
}
