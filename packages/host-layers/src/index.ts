export { classLoss, type FeedBatch, logitsLoss } from './feed-batch.ts';
export { type LayersHost, type LayersHostOptions, layersHost } from './layers-host.ts';
