export { webgpu } from './webgpu.ts';
