// The suites that a plugin's test calls, inside vitest: `import { describeMethod } from '@peftjs/testing/suites'`.

export type { BackendSuiteOptions, LackingOps } from './backend-suite/backend-suite-options.ts';
export { describeBackend } from './backend-suite/describe-backend.ts';
export { describeHost } from './describe-host.ts';
export { describeMethod, type MethodSuiteOptions } from './describe-method.ts';
export { describeOn } from './describe-on.ts';
export { describeWeight, type WeightSuiteOptions } from './describe-weight.ts';
export { disturb } from './disturb.ts';
export type { HostCase } from './host-case.ts';
export { leakGuard } from './leak-guard.ts';
