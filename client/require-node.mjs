// Preloaded by npm scripts (`node --import`): an older Node ends here, with a sentence, and not in a
// stack trace about a file extension.
import process from 'node:process';
import { nodeFits, nodeMessage } from './node-version.mjs';

if (!nodeFits) {
  console.error(nodeMessage);
  process.exit(69);
}
