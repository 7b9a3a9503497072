import process from 'node:process';

/** Node runs TypeScript as it is from 22.18 on. */
const oldest = [22, 18];

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

/** Says whether this Node can run the project. */
export const nodeFits = major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);

/** What to tell a person whose Node cannot. */
export const nodeMessage = `Node ${oldest.join('.')} or later is needed, and this is ${process.versions.node}. Install Node 24, or run "npm ci" on Linux, which brings one.`;
