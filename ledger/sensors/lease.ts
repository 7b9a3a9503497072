import * as z from 'zod';
import { type Table, type Update, updateItem } from '../table.ts';
import { type Fence, LeaseLostError } from './fence.ts';

/**
 * The right to poll, and what its owner is about to do: one item, so that each step is one write.
 *
 * A chunk of messages goes `intent` (its objects may be in S3D from now on) -> `commit` (its messages
 * are received: this write decides it) -> `applied`. A next owner ends what the one before began.
 */
const LeaseItem = z.object({
  epoch: z.int().min(1),
  /** The chunk whose objects are being stored: its ciphertexts are in the spool. */
  intent: z.string().optional(),
  /** False where the owner before was cut off: messages that it had in hand are invisible for a while. */
  wasClean: z.boolean().default(true),
  /** The commit record that is not applied in full, as it was written. */
  commit: z.string().optional(),
});
export type Lease = z.infer<typeof LeaseItem>;

const place = { partition: 'POLLER', item: 'LEASE' } as const;
const names = { '#epoch': 'epoch', '#until': 'until' };

/** Who wants the lease, and for how long. */
interface Owner {
  /** A code of the process: a repeated call of the same one is granted again. */
  readonly owner: string;
  /** The instance that it runs on. */
  readonly workbench: string;
  /** No other poller of this workbench is alive: a lease that one of them has is a dead one's. */
  readonly isAlone: boolean;
  readonly now: Date;
  readonly seconds: number;
}

const end = ({ now, seconds }: Pick<Owner, 'now' | 'seconds'>): string =>
  new Date(now.getTime() + seconds * 1000).toISOString();

/** Takes the lease, if nobody has it; undefined where somebody does. Each owner has a higher epoch. */
export async function takeLease(table: Table, owner: Owner): Promise<Lease | undefined> {
  const taken = await updateItem(table, {
    ...place,
    update:
      'SET #epoch = if_not_exists(#epoch, :zero) + :one, #until = :until, #owner = :owner, workbench = :workbench, wasClean = if_not_exists(#clean, :yes), #clean = :no',
    condition: [
      'attribute_not_exists(#until) OR #until <= :now OR #owner = :owner',
      ...(owner.isAlone ? ['workbench = :workbench'] : []),
    ].join(' OR '),
    names: { ...names, '#owner': 'owner', '#clean': 'clean' },
    values: {
      ':yes': true,
      ':no': false,
      ':zero': 0,
      ':one': 1,
      ':until': end(owner),
      ':now': owner.now.toISOString(),
      ':owner': owner.owner,
      ':workbench': owner.workbench,
    },
  });
  return taken === undefined ? undefined : LeaseItem.parse(taken);
}

/**
 * Keeps the lease for another while.
 *
 * @throws LeaseLostError
 */
export async function renewLease(
  table: Table,
  fence: Fence,
  owner: Pick<Owner, 'now' | 'seconds'>,
): Promise<void> {
  await write(table, fence, {
    update: 'SET #until = :until',
    names: { '#until': 'until' },
    values: { ':until': end(owner) },
  });
}

/**
 * Lets the next poller begin at once, and tells it whether anything is left in hand. Nothing happens
 * where it began already.
 */
export async function releaseLease(
  table: Table,
  { epoch }: Fence,
  { now, isClean }: { readonly now: Date; readonly isClean: boolean },
): Promise<void> {
  await updateItem(table, {
    ...place,
    update: 'SET #until = :until, #clean = :clean',
    condition: '#epoch = :epoch',
    names: { ...names, '#clean': 'clean' },
    values: { ':epoch': epoch, ':until': now.toISOString(), ':clean': isClean },
  });
}

/**
 * Announces a chunk before the first of its objects is stored: from here on it is either committed, by
 * this owner or by the next one, or its spool is lost.
 *
 * @throws LeaseLostError
 */
export async function announceChunk(table: Table, fence: Fence, chunk: string): Promise<void> {
  await write(table, fence, { update: 'SET intent = :chunk', values: { ':chunk': chunk } });
}

/**
 * Commits a chunk: the one write that decides that its messages are received.
 *
 * One that was on its way for so long that a later chunk is committed is refused, too.
 *
 * @throws LeaseLostError
 */
export async function commitChunk(
  table: Table,
  fence: Fence,
  { chunk, record }: { readonly chunk: string; readonly record: string },
): Promise<void> {
  await write(table, fence, {
    update: 'SET #commit = :record, #last = :chunk REMOVE intent',
    condition: '(attribute_not_exists(#last) OR #last <= :chunk)',
    names: { '#commit': 'commit', '#last': 'last' },
    values: { ':record': record, ':chunk': chunk },
  });
}

/**
 * Notes that all which follows from the commit is written.
 *
 * @throws LeaseLostError
 */
export async function endCommit(table: Table, fence: Fence): Promise<void> {
  await write(table, fence, { update: 'REMOVE #commit', names: { '#commit': 'commit' } });
}

async function write(
  table: Table,
  { epoch }: Fence,
  { update, condition, names, values }: Omit<Update, 'partition' | 'item'>,
): Promise<void> {
  const own = '#epoch = :epoch';
  const written = await updateItem(table, {
    ...place,
    update,
    condition: condition === undefined ? own : `${own} AND ${condition}`,
    names: { '#epoch': 'epoch', ...names },
    values: { ':epoch': epoch, ...values },
  });
  if (written === undefined) throw new LeaseLostError();
}
