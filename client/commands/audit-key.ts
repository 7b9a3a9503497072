import type { Command } from 'commander';
import { openAccessLog } from '../../audit/access/open-access-log.ts';
import { EvidenceError } from '../../audit/evidence-error.ts';
import { type GrantNow, grantsNow } from '../../audit/questions/grants-now.ts';
import { type ContextUse, KeyLife } from '../../audit/questions/key-life.ts';
import { batchGrantPrefix } from '../../workflow/model/names.ts';
import { batchId } from '../arguments.ts';
import { answering } from '../audit/answering.ts';
import { describePrincipal } from '../audit/describe-principal.ts';
import { openDeployment } from '../deployment.ts';
import { columns } from '../iot/columns.ts';
import { runCommand } from '../run-command.ts';

interface Options {
  readonly run?: string;
  readonly accessLog: string;
}

const epilogue = `
Grants, their ends, uses and denials come from the access log; which grants exist
now, from KMS (kms:ListGrants), which tells of a revoked one for up to five minutes.
With --run: of one batch. Calls that name no batch (a key's policy, its state) are
counted in either case. Retired: by the worker itself; revoked: by the state machine.`;

/** `czar audit key`: the life of the data key. */
export function addAuditKeyCommand(audit: Command): void {
  audit
    .command('key')
    .summary('grants on the data key, its uses, what was denied, what exists now')
    .description('Tells the life of the data key, from an access log and from KMS.')
    .option('--run <batch>', "a batch's id", batchId)
    .requiredOption('--access-log <path>', 'a file, or a folder of files')
    .addHelpText('after', epilogue)
    .action(({ run, accessLog }: Options, command: Command) =>
      runCommand(command, async ({ study, output }) => {
        const { kms, settings } = await openDeployment(study);
        const keyArn = settings.dataKeyArn;
        const life = new KeyLife({ study, keyArn, batchId: run });
        await answering(() => readLife(life, accessLog));
        const prefix = run === undefined ? '' : batchGrantPrefix({ study, batchId: run });
        const exist = await grantsNow(kms, keyArn, prefix);
        const grants = life.grants.map((grant) => ({ ...grant, end: life.endOf(grant.grantId) }));
        const { records, ofKey, uses, denied } = life;
        output.result(
          { grants, uses, denied, exist, counts: { records, ofKey } },
          describe({ grants, uses, denied, exist, records, ofKey }),
        );
      }),
    );
}

async function readLife(life: KeyLife, path: string): Promise<void> {
  for await (const { record } of openAccessLog(path)) life.take(record);
  if (life.records === 0) throw new EvidenceError('the access log has no record');
}

const shortId = (grantId: string): string => `${grantId.slice(0, 12)}…`;

interface Told {
  readonly grants: readonly (KeyLife['grants'][number] & {
    readonly end: ReturnType<KeyLife['endOf']>;
  })[];
  readonly uses: readonly ContextUse[];
  readonly denied: KeyLife['denied'];
  readonly exist: readonly GrantNow[];
  readonly records: number;
  readonly ofKey: number;
}

function describe({ grants, uses, denied, exist, records, ofKey }: Told): string {
  const granted = grants.map(({ grantId, batch, grantee, at, operations, end }) => [
    shortId(grantId),
    batch,
    grantee,
    operations.join('+'),
    at,
    end === undefined ? 'no end in the log' : `${endWords[end.call] ?? end.call} ${end.at}`,
  ]);
  const used = uses.map((use) => [
    describePrincipal(use.by),
    use.operation,
    use.context === undefined ? 'no context' : Object.values(use.context).join('/'),
    use.times,
    use.denied,
    use.first,
    use.last,
  ]);
  const refused = denied.map(({ at, by, call }) => [at, call, describePrincipal(by)]);
  const total = uses.reduce((sum, { times }) => sum + times, 0);
  const totalDenied = uses.reduce((sum, use) => sum + use.denied, denied.length);
  return [
    columns(['grant', 'batch', 'to', 'operations', 'made', 'ended'], granted),
    '',
    columns(['who', 'operation', 'study/batch/kind', 'times', 'denied', 'first', 'last'], used),
    ...(refused.length === 0 ? [] : ['', columns(['denied', 'call', 'who'], refused)]),
    '',
    `grants: ${grants.length}, uses: ${total}, denied: ${totalDenied}; records read: ${records}, of the key: ${ofKey}`,
    exist.length === 0
      ? 'no grant exists now'
      : `grants that exist now: ${exist.length}: ${exist.map(({ grantId }) => shortId(grantId)).join(' ')}`,
  ].join('\n');
}

const endWords: Readonly<Record<string, string>> = {
  RevokeGrant: 'revoked',
  RetireGrant: 'retired',
};
