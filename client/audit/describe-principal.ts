import type { Principal } from '../../audit/access/principal.ts';

/** Who made a call, short: the role, and the session where one is told. */
export function describePrincipal({ kind, name, session }: Principal): string {
  if (kind === 'worker') return `worker ${session ?? ''}`;
  return session === undefined ? `${kind} ${name}` : `${kind} ${name}/${session}`;
}
