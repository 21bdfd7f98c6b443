import type { FolderRecord } from '@peftjs/checkpoint';
import type { OpenRegistry } from './open-registry.ts';
import { titleOf } from './release.ts';

/** The records of a registry's releases, in which `lineageOf` finds bases and parents; the last published first. */
export function releaseRecords({ location, releases }: OpenRegistry): readonly FolderRecord[] {
  return [...releases].reverse().map((release) => {
    const { kind, hash, base, result, parents } = release;
    return { location: `${titleOf(release)} (${location})`, kind, hash, base, result, parents };
  });
}
