// The windows of a convolution or a pooling, and which pixel each of their taps meets. Flat pictures have a depth of 1.
import { backend_util } from '@tensorflow/tfjs-core';

/** Windows along one dimension. */
export interface WindowAxis {
  readonly pixels: number;
  readonly windows: number;
  /** Pixels of one window, and how far apart. */
  readonly taps: number;
  readonly dilation: number;
  /** From one window to the next. */
  readonly stride: number;
  /** How far outside the first window begins. */
  readonly before: number;
}

export interface Windows {
  readonly batch: number;
  /** Depth, height, width. */
  readonly axes: readonly [WindowAxis, WindowAxis, WindowAxis];
}

type Flat = ReturnType<typeof backend_util.computeConv2DInfo>;
type Deep = ReturnType<typeof backend_util.computeConv3DInfo>;

const SINGLE: WindowAxis = { pixels: 1, windows: 1, taps: 1, dilation: 1, stride: 1, before: 0 };

/**
 * What tfjs works out of a convolution's attributes.
 * @param windowed the shape of the output: tfjs sizes its width by the filter's height where the padding is a number
 */
export function windowsOf(info: Flat | Deep, windowed: readonly number[]): Windows {
  const [high, wide] = windowed.slice(-3, -1) as [number, number];
  const height: WindowAxis = {
    pixels: info.inHeight,
    windows: high,
    taps: info.filterHeight,
    dilation: info.dilationHeight,
    stride: info.strideHeight,
    before: info.padInfo.top,
  };
  const width: WindowAxis = {
    pixels: info.inWidth,
    windows: wide,
    taps: info.filterWidth,
    dilation: info.dilationWidth,
    stride: info.strideWidth,
    before: info.padInfo.left,
  };
  if (!('inDepth' in info)) return { batch: info.batchSize, axes: [SINGLE, height, width] };
  const depth: WindowAxis = {
    pixels: info.inDepth,
    windows: windowed[1] as number,
    taps: info.filterDepth,
    dilation: info.dilationDepth,
    stride: info.strideDepth,
    before: info.padInfo.front,
  };
  return { batch: info.batchSize, axes: [depth, height, width] };
}

export interface PoolAttrs {
  readonly filterSize: number | number[];
  readonly strides: number | number[];
  readonly pad: 'same' | 'valid' | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** The windows of a pooling of `shape`, [b, h, w, c] or [b, d, h, w, c], to `windowed`. */
export function poolWindows(shape: readonly number[], attrs: PoolAttrs, windowed?: readonly number[]): Windows {
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  const call = [shape, filterSize, strides, 1, pad, dimRoundingMode] as never;
  const info =
    shape.length === 5
      ? backend_util.computePool3DInfo(...(call as Parameters<typeof backend_util.computePool3DInfo>))
      : backend_util.computePool2DInfo(...(call as Parameters<typeof backend_util.computePool2DInfo>));
  return windowsOf(info, windowed ?? info.outShape);
}

/**
 * Calls `visit` for each tap of each window that lies inside: with the number of the pixel in the batch, of the window in
 * the batch, and of the tap in the window.
 */
export function forEachTap(
  { batch, axes }: Windows,
  visit: (pixel: number, window: number, tap: number) => void,
): void {
  const [depth, height, width] = axes;
  let window = 0;
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < depth.windows; i++) {
      for (let j = 0; j < height.windows; j++) {
        for (let k = 0; k < width.windows; k++) {
          for (let d = 0, tap = 0; d < depth.taps; d++) {
            const z = i * depth.stride - depth.before + d * depth.dilation;
            for (let h = 0; h < height.taps; h++) {
              const y = j * height.stride - height.before + h * height.dilation;
              const inside = z >= 0 && z < depth.pixels && y >= 0 && y < height.pixels;
              const row = ((b * depth.pixels + z) * height.pixels + y) * width.pixels;
              for (let w = 0; w < width.taps; w++, tap++) {
                const x = k * width.stride - width.before + w * width.dilation;
                if (inside && x >= 0 && x < width.pixels) visit(row + x, window, tap);
              }
            }
          }
          window++;
        }
      }
    }
  }
}

/** For each window and each of `channels`, where its maximum lies in `x`: the first one; a NaN counts as the largest. */
export function maxima(x: ArrayLike<number>, windows: Windows, channels: number): Int32Array {
  const count = windows.axes.reduce((n, axis) => n * axis.windows, windows.batch);
  const best = new Int32Array(count * channels).fill(-1);
  forEachTap(windows, (pixel, window) => {
    for (let c = 0; c < channels; c++) {
      const at = window * channels + c;
      const found = x[pixel * channels + c] as number;
      const before = best[at] as number;
      const largest = x[before] as number;
      if (before < 0 || found > largest || (Number.isNaN(found) && !Number.isNaN(largest)))
        best[at] = pixel * channels + c;
    }
  });
  return best;
}
