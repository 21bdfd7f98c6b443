import { webgpu } from '@peftjs/backend-webgpu';
import { describeDeltas, LESS_THAN_AN_EMBEDDING } from '../test/delta-suite.ts';

describeDeltas(webgpu({ largestTensor: LESS_THAN_AN_EMBEDDING }));
