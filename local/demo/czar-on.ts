import { type PersonRole, roleEnvironment } from '../run/local-state.ts';
import { runCzar } from './run-czar.ts';
import type { Stage } from './stage.ts';

/** `czar --json` as one role; answers its result. */
export type Czar = (role: PersonRole, args: readonly string[]) => Promise<unknown>;

/** Makes a {@link Czar}. A command that is repeated is told once. */
export function czarOn({ state, signal, transcript }: Stage): Czar {
  let told = '';
  return async (role, args) => {
    const line = `  czar ${args.slice(0, 2).join(' ')}${args.length > 2 ? ' …' : ''}`;
    if (line !== told) transcript.say(line);
    told = line;
    const environment = roleEnvironment(state, role);
    const run = await runCzar(['--json', ...args], environment, undefined, signal);
    if (run.exitCode !== 0) {
      throw new Error(`czar ${args[0] ?? ''} ended with ${run.exitCode}\n${run.stderr}`);
    }
    const result = run.stdout.trimEnd().split('\n').at(-1) ?? '';
    return result === '' ? undefined : (JSON.parse(result) as unknown);
  };
}
