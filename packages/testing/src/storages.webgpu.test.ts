import { webgpu } from '@peftjs/backend-webgpu';
import { describeStorages } from '../test/storages-suite.ts';

describeStorages(webgpu(), false);
