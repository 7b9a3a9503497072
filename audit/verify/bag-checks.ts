import { createHash } from 'node:crypto';
import { bagDeclaration } from '../bundle/bag.ts';
import { bundleFiles, listedTags, optionalFile, tagManifest } from '../bundle/bundle.ts';
import { type Check, check } from './check.ts';

/** The files of a bundle, by their paths in its folder. */
export type Files = ReadonlyMap<string, Uint8Array>;

/** A file's text; nothing for one that is missing. */
export const textOf = (files: Files, path: string): string =>
  Buffer.from(files.get(path) ?? []).toString('utf8');

/** Checks the bag as BagIt has it: its files, and that each of them is as it was listed. */
export function bagChecks(files: Files, strangers: readonly string[]): Check[] {
  const payload = [...files.keys()].filter((path) => path.startsWith('data/'));
  const missing = bundleFiles.filter((path) => path !== optionalFile && !files.has(path));
  return [
    check('structure', 'every file of a bundle is there, and nothing else', [
      ...missing.map((path) => `${path} is missing`),
      ...strangers,
      ...[...files.keys()]
        .filter((path) => !bundleFiles.includes(path))
        .map(() => 'there is a file that no bundle has'),
    ]),
    check(
      'declaration',
      'it is a bag of BagIt 1.0',
      textOf(files, 'bagit.txt') === bagDeclaration
        ? []
        : ['bagit.txt does not say what that of a bag of version 1.0 says'],
    ),
    check(
      'tag manifest',
      'the files about the bag are as they were listed (SHA-512)',
      compare(files, tagManifest, listedTags),
    ),
    check(
      'manifest',
      'the files of the payload are as they were listed (SHA-512), none missing, none added',
      compare(files, 'manifest-sha512.txt', payload),
    ),
  ];
}

const line = /^(?<digest>[0-9a-f]{128}) {2}(?<path>[\x21-\x7e]+)$/;

/** Compares files with the list that says what they were. */
function compare(files: Files, list: string, expected: readonly string[]): string[] {
  const problems: string[] = [];
  const text = textOf(files, list);
  if (!text.endsWith('\n')) problems.push(`${list} does not end with a line`);
  const listed = new Map<string, string>();
  for (const [index, each] of text.split('\n').slice(0, -1).entries()) {
    const { digest = '', path = '' } = line.exec(each)?.groups ?? {};
    const place = `line ${index + 1} of ${list}`;
    if (!bundleFiles.includes(path)) problems.push(`${place} lists no file of a bundle`);
    else if (listed.has(path)) problems.push(`${place} lists ${path} again`);
    else listed.set(path, digest);
  }
  for (const [path, digest] of listed) {
    const content = files.get(path);
    if (content === undefined) problems.push(`${path} is missing`);
    else if (!expected.includes(path)) problems.push(`${path} does not belong into ${list}`);
    else if (createHash('sha512').update(content).digest('hex') !== digest) {
      problems.push(`${path} was changed`);
    }
  }
  for (const path of expected) {
    if (!listed.has(path)) problems.push(`${path} is not listed in ${list}: it was added`);
  }
  return problems;
}
