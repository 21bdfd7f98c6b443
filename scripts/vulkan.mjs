// @ts-check
// The Vulkan driver that WebGPU in Node (Dawn) runs on in tests: the one that VK_ICD_FILENAMES names, or SwiftShader, which
// computes on the CPU and comes with Chromium, with a loader for it beside it.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

const BESIDE_CHROMIUM = [
  '/usr/lib/chromium',
  '/usr/lib/chromium-browser',
  '/usr/lib64/chromium-browser',
  '/opt/google/chrome',
];

/** The driver's manifest, or null. */
export function findVulkanDriver() {
  const named = process.env.VK_ICD_FILENAMES;
  if (named) return named;
  return BESIDE_CHROMIUM.map((folder) => join(folder, 'vk_swiftshader_icd.json')).find(existsSync) ?? null;
}

/**
 * What a process must have in its environment before it starts, so that Dawn finds the driver and its loader.
 * @returns {Record<string, string>} empty where there is no driver
 */
export function vulkanEnvironment() {
  const driver = findVulkanDriver();
  if (driver === null) return {};
  const libraries = process.env.LD_LIBRARY_PATH?.split(':') ?? [];
  const beside = dirname(driver);
  const needed = existsSync(join(beside, 'libvulkan.so.1')) && !libraries.includes(beside);
  return {
    VK_ICD_FILENAMES: driver,
    ...(needed && { LD_LIBRARY_PATH: [...libraries, beside].join(':') }),
  };
}
