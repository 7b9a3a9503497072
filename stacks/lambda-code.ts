import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetCode, Code } from 'aws-cdk-lib/aws-lambda';

/** Where `bundleLambdas` puts a function per folder. */
export const lambdaDirectory = fileURLToPath(new URL('../dist/lambda/', import.meta.url));

/** The bundle of `tasks/<name>/handler.ts`; its handler is `index.handler`. */
export function lambdaCode(name: string): AssetCode {
  return Code.fromAsset(join(lambdaDirectory, name));
}
