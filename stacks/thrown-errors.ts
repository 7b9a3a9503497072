import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as errors from '../workflow/model/errors.ts';
import { root } from './bundles.ts';

const codes = Object.values(errors).flatMap((error) => ('code' in error ? [error.code] : []));

/**
 * The errors of ours that a task's function can throw: those that its source makes.
 *
 * The source is read and never run, so this is more than it throws, and never less.
 */
export function errorsThrownBy(task: string): string[] {
  const source = sourceOf(join(root, 'tasks', task, 'handler.ts'));
  return codes.filter((code) => source.includes(`new ${code}(`));
}

/** Source of a module and of all of ours that it imports. */
function sourceOf(file: string, seen = new Set<string>()): string {
  if (seen.has(file)) return '';
  seen.add(file);
  const source = readFileSync(file, 'utf8');
  const imports = Array.from(source.matchAll(/from '(\.[^']+)'/g), ([, path = '']) =>
    join(dirname(file), path),
  );
  return source + imports.map((path) => sourceOf(path, seen)).join('\n');
}
