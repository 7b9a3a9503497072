import type { Principal } from '../access/principal.ts';
import type { RunRecord } from '../run-record.ts';
import type { Rows } from './table-columns.ts';

type Row = Rows<'access.csv'>[number];

/** Who did what, by the access log: nothing where none was read. */
export function accessTable({ runs, access }: RunRecord): Rows<'access.csv'> {
  if (access === undefined) return [];
  const { existed, grants, keyUses, denied } = access;
  return [
    ...runs.flatMap(({ redrive, startedBy, stoppedBy }) => [
      ...act(redrive === 0 ? 'execution started' : 'execution redriven', undefined, startedBy),
      ...act('execution stopped', undefined, stoppedBy),
    ]),
    ...existed.flatMap(({ kind, id, made, ended }) => [
      ...act(`${kind} made`, id, made),
      ...act(`${kind} ended`, id, ended),
    ]),
    ...grants.flatMap(({ grantId, grantee, operations, made, ended, used }) => [
      ...act('grant made', grantId, made, {
        call: operations.join(' '),
        of_kind: `to ${grantee}`,
        times: used,
      }),
      ...act('grant ended', grantId, ended),
    ]),
    ...keyUses.map(({ by, operation, kind, times, denied: refused, first, last }) => ({
      what: 'data key used',
      at: first,
      until: last,
      ...who(by),
      call: operation,
      of_kind: kind,
      times,
      denied: refused,
    })),
    ...denied.map(({ at, by, call }) => ({ what: 'call denied', at, ...who(by), call, denied: 1 })),
  ];
}

function act(
  what: string,
  id: string | undefined,
  done: { readonly at: string; readonly by: Principal } | undefined,
  more: Row = {},
): Row[] {
  return done === undefined ? [] : [{ what, id, at: done.at, ...who(done.by), ...more }];
}

const who = ({ kind, name, session }: Principal): Row => ({
  by_kind: kind,
  by_name: name,
  by_session: session,
});
