// The sizes that scripts/size.mjs measures.
import { measureSizes } from '../scripts/size.mjs';

type Size = Awaited<ReturnType<typeof measureSizes>>[number];

declare const data: readonly Size[];

export { data };

export default { watch: ['../packages/{core,lora}/src/**/*.ts'], load: (): Promise<readonly Size[]> => measureSizes() };
