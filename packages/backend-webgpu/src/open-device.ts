// A device of our own: with every feature that our kernels can use, and the adapter's real limits instead of the least.

/** Used where the adapter has them. */
const FEATURES = ['shader-f16', 'subgroups', 'timestamp-query'] as const;

const LIMITS = [
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupsPerDimension',
] as const;

export interface OpenDevice {
  readonly device: GPUDevice;
  readonly info: GPUAdapterInfo;
  /** In words, for a status line. */
  readonly name: string;
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/** The adapter, or the reason why there is none. */
export async function askForAdapter(
  gpu: GPU,
  powerPreference: GPUPowerPreference,
): Promise<{ readonly adapter: GPUAdapter } | { readonly obstacle: string }> {
  const adapter = await gpu.requestAdapter({ powerPreference });
  return adapter
    ? { adapter }
    : { obstacle: 'WebGPU is here, but finds no graphics adapter; a driver is missing or the browser has blocked it' };
}

/** Opens a device on an adapter. */
export async function openDevice(adapter: GPUAdapter): Promise<OpenDevice> {
  const requiredFeatures = FEATURES.filter((feature) => adapter.features.has(feature));
  const requiredLimits = Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]]));
  const device = await adapter.requestDevice({ requiredFeatures, requiredLimits });
  const { info } = adapter;
  return {
    device,
    info,
    name: info.description || [info.vendor, info.architecture, info.device].filter(Boolean).join(' ') || 'a GPU',
    details: {
      vendor: info.vendor,
      architecture: info.architecture,
      software: info.isFallbackAdapter === true,
      features: requiredFeatures.join(', ') || 'none',
      missing: FEATURES.filter((feature) => !adapter.features.has(feature)).join(', ') || 'none',
      largestBinding: device.limits.maxStorageBufferBindingSize,
      largestBuffer: device.limits.maxBufferSize,
    },
  };
}
