import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../../../stacks/bundles.ts';
import * as errors from '../../../workflow/model/errors.ts';

const codes = Object.values(errors).flatMap((error) => ('code' in error ? [error.code] : []));

/** The errors of ours that a task's function can throw: those that its source makes. */
export function errorsThrownBy(task: string): string[] {
  const source = sourceOf(join(root, 'tasks', task, 'handler.ts'));
  return codes.filter((code) => source.includes(`new ${code}(`));
}

/** Source of a module and of all of ours that it imports. */
function sourceOf(file: string, seen = new Set<string>()): string {
  if (seen.has(file)) return '';
  seen.add(file);
  const source = readFileSync(file, 'utf8');
  const imports = [...source.matchAll(/from '(\.[^']+)'/g)].map(([, path]) =>
    join(dirname(file), path!),
  );
  return source + imports.map((path) => sourceOf(path, seen)).join('\n');
}
