import { node } from '@peftjs/backend-node';
import { wasm } from '@peftjs/backend-wasm';
import { webgpu } from '@peftjs/backend-webgpu';
import { ALL_STORAGES, describeDeltas, LESS_THAN_AN_EMBEDDING, SOME_STORAGES } from '../test/delta-suite.ts';

describeDeltas(wasm(), ALL_STORAGES);
describeDeltas(node({ device: 'cpu' }), ALL_STORAGES);
describeDeltas(webgpu({ largestTensor: LESS_THAN_AN_EMBEDDING }), SOME_STORAGES);
