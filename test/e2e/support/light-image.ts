import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageSoftware } from '../../../local/services/ec2/image.ts';

/** Where machines look for what the launch template names. */
const installed = {
  node: 'bin/node',
  engine: 'artifacts/engine.tar',
  agent: 'artifacts/agent.tar',
} as const;

/** Where an assembly's software is kept. */
export const imageFolder = (directory: string): string => `${directory}.image`;

/** The workers' software of an assembly, for an image that brings all of it; undefined where it was not kept. */
export function imageOf(directory: string): ImageSoftware | undefined {
  const folder = imageFolder(directory);
  if (!existsSync(folder)) return undefined;
  return Object.fromEntries(
    Object.entries(installed).map(([name, place]) => [place, join(folder, name)]),
  );
}
