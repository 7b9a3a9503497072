import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LoadError } from './handler-error.ts';

/** A Lambda handler as this runtime calls it: asynchronous, without a callback, as from Node 24 on. */
export type Handler = (event: unknown, context: object) => unknown;

const extensions = ['.mjs', '.js', '.cjs'];

/**
 * Imports the function `export` out of `file` for a handler `file.export`.
 *
 * @throws LoadError; what the module itself throws while it loads passes through.
 */
export async function loadHandler(taskRoot: string, handler: string): Promise<Handler> {
  const dot = handler.lastIndexOf('.');
  const module = handler.slice(0, dot);
  const name = handler.slice(dot + 1);
  const file = extensions.map((extension) => join(taskRoot, module + extension)).find(existsSync);
  if (file === undefined)
    throw new LoadError('Runtime.ImportModuleError', `Error: Cannot find module '${module}'`);
  const found = (await importModule(file))[name];
  if (found === undefined)
    throw new LoadError('Runtime.HandlerNotFound', `${handler} is undefined or not exported`);
  if (typeof found !== 'function')
    throw new LoadError('Runtime.HandlerNotFound', `${handler} is not a function`);
  return found as Handler;
}

async function importModule(file: string): Promise<Record<string, unknown>> {
  try {
    const loaded = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
    // Not every export of a CommonJS module is found by name; all are on its default export.
    return { ...(loaded.default as object | undefined), ...loaded };
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new LoadError('Runtime.UserCodeSyntaxError', String(error), error);
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND')
      throw new LoadError('Runtime.ImportModuleError', String(error), error);
    throw error;
  }
}
