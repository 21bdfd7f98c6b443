export { releaseRecords } from './lineage-records.ts';
export { listReleases, type OpenRegistry, type RegistryOptions } from './open-registry.ts';
export { type PublishOptions, publish } from './publish.ts';
export { type Pulled, type PullOptions, pull } from './pull.ts';
export { knownBases, type RegistryCache, registryCache, rememberBases } from './registry-cache.ts';
export { RegistryError } from './registry-error.ts';
export { type Release, type ReleasedFile, sizeOf, titleOf } from './release.ts';
