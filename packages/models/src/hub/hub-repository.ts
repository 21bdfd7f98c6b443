/** A model's place on a hub: `owner/name` at a revision, and how the hub is asked about it. */
import type { HubOptions, Retry } from './hub-options.ts';
import { TransientError } from './retrying.ts';

export interface HubRepository {
  readonly endpoint: string;
  /** `owner/name` */
  readonly id: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  readonly token: string | null;
  readonly retry: Retry;
  readonly fetch: typeof globalThis.fetch;
  readonly signal: AbortSignal | undefined;
  /** Said after an error that the hub has no such model, or cannot be asked: what else may have been meant. */
  readonly hint: string;
}

/** What `owner/name` or `owner/name@revision` means, or null where it is no name of a model on a hub. */
export function parseHubId(name: string): { readonly id: string; readonly revision: string } | null {
  const [, id, revision = 'main'] = /^([\w-][\w.-]*\/[\w-][\w.-]*)(?:@([^\s@]+))?$/.exec(name) ?? [];
  return id === undefined || revision.split('/').some((part) => /^\.*$/.test(part)) ? null : { id, revision };
}

/** The repository with its defaults filled in. */
export function hubRepository(
  { id, revision }: { readonly id: string; readonly revision: string },
  options: HubOptions & { readonly endpoint: string },
  token: string | null,
  hint: string,
): HubRepository {
  const { endpoint, signal, retry = {}, fetch = globalThis.fetch } = options;
  const { times = 5, delay = 500, stall = 30_000 } = retry;
  return { endpoint, id, revision, token, retry: { times, delay, stall }, fetch, signal, hint };
}

/** The address of a file at a commit. */
export function fileUrl({ endpoint, id }: HubRepository, commit: string, file: string): string {
  return `${endpoint}/${id}/resolve/${encodeURIComponent(commit)}/${encodeURIComponent(file)}`;
}

/** The error for an answer that is none of 2xx and 3xx. `what` is what was asked for. */
export function refusal(hub: HubRepository, response: Response, what: string): Error {
  const { status, headers } = response;
  const page = `${hub.endpoint}/${hub.id}`;
  const code = headers.get('x-error-code');
  if (status === 408 || status === 429 || status >= 500) {
    const seconds = Number(headers.get('retry-after'));
    return new TransientError(`[peftjs/models] ${hub.endpoint} answers ${status} to ${what}: try again later`, {
      pause: Number.isFinite(seconds) ? seconds * 1000 : 0,
    });
  }
  if (code === 'GatedRepo') {
    const next = hub.token === null ? "set HF_TOKEN to your account's token" : 'use the token of the account that did';
    return new Error(`[peftjs/models] ${hub.id} is gated (${status}): accept its terms at ${page}, then ${next}`);
  }
  if (code === 'RevisionNotFound') return new Error(`[peftjs/models] ${page} has no revision "${hub.revision}"`);
  if (status === 404 && code === 'EntryNotFound') return new Error(`[peftjs/models] ${page} has no ${what} (404)`);
  if (status === 404) return new Error(`[peftjs/models] ${hub.endpoint} has no model "${hub.id}" (404)${hub.hint}`);
  if (status === 401 && hub.token === null) {
    return new Error(
      `[peftjs/models] ${hub.endpoint} has no public model "${hub.id}" (401): check the name, or set HF_TOKEN if it is private${hub.hint}`,
    );
  }
  if (status === 401 || status === 403) {
    return new Error(
      `[peftjs/models] the token does not open ${page} (${status}): check that it is valid and may read this model, or unset HF_TOKEN`,
    );
  }
  return new Error(`[peftjs/models] ${hub.endpoint} answers ${status} to ${what}: check the endpoint`);
}
