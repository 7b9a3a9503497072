import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

/** Folder of the uploader's state: `$CZAR_STATE`, or the platform's place for such. */
export function stateDirectory(): string {
  const { CZAR_STATE, XDG_STATE_HOME } = process.env;
  return CZAR_STATE ?? join(XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'czar');
}
