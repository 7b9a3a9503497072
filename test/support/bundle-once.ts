import { bundleLambdas } from '../../stacks/bundles.ts';

/**
 * Bundles the functions anew before the first unit test.
 *
 * Templates carry the bundles' digests, and are made once a process: with bundles of another day, those
 * from before a test that bundles anew, and those from after it, would differ.
 */
export default function bundleOnce(): Promise<void> {
  return bundleLambdas();
}
