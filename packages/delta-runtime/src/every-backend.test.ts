import { node } from '@peftjs/backend-node';
import { wasm } from '@peftjs/backend-wasm';
import { webgpu } from '@peftjs/backend-webgpu';
import { describeDeltas, LESS_THAN_AN_EMBEDDING } from '../test/delta-suite.ts';

describeDeltas(wasm());
describeDeltas(node({ device: 'cpu' }));
describeDeltas(webgpu({ largestTensor: LESS_THAN_AN_EMBEDDING }));
