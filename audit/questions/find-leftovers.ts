import {
  type EC2Client,
  paginateDescribeInstances,
  paginateDescribeNetworkInterfaces,
  paginateDescribeSnapshots,
  paginateDescribeVolumes,
  type Tag,
} from '@aws-sdk/client-ec2';
import { type KMSClient, paginateListGrants } from '@aws-sdk/client-kms';
import { paginateListExecutions, type SFNClient } from '@aws-sdk/client-sfn';
import { GetQueueAttributesCommand, paginateListQueues, type SQSClient } from '@aws-sdk/client-sqs';
import { executionHash, studyGrantPrefix, studyQueuePrefix } from '../../workflow/model/names.ts';
import { BatchId } from '../../workflow/model/code.ts';
import { executionName, tagKeys } from '../../workflow/model/tags.ts';

/** What can be left. */
export type LeftoverKind = 'instance' | 'volume' | 'interface' | 'snapshot' | 'queue' | 'grant';

/** Something of ours that exists. */
export interface Existing {
  readonly kind: LeftoverKind;
  readonly id: string;
  /** As its service calls it, where it says. */
  readonly state?: string | undefined;
  /** When it was made; EC2 does not say it of an interface. */
  readonly since?: string | undefined;
  /** Absent where its tags or its name tell none. */
  readonly batchId?: string | undefined;
  /** Which of the long-lived instances it is, or belongs to. */
  readonly system?: string | undefined;
}

/** What a look found, by what may exist. */
export interface Leftovers {
  /** Of no running execution and no long-lived instance: none of it should exist. */
  readonly left: readonly Existing[];
  /** Of executions that run now. */
  readonly running: readonly Existing[];
  /** The long-lived instances, which the deployment declares, and what hangs on them. */
  readonly longLived: readonly Existing[];
  readonly executions: number;
  readonly lookedAt: string;
}

/** Clients with the auditor's rights, and what to look for. */
export interface LeftoverSources {
  readonly study: string;
  readonly stateMachineArn: string;
  readonly dataKeyArn: string;
  readonly ec2: EC2Client;
  readonly kms: KMSClient;
  readonly sfn: SFNClient;
  readonly sqs: SQSClient;
  readonly now: () => Date;
}

type Found = Existing & { readonly owner?: string | undefined; readonly instance?: string };

/** The deployment declares these; a worker never has the tag. */
const systems = new Set(['workbench', 'bastion']);

/**
 * Looks, now, for everything of the study that can outlive its execution: by tag, by name, and all
 * grants on the data key, whoever made them.
 *
 * What is of a running execution may exist; which run is asked before and after, so that nothing of
 * one that began or ended meanwhile is taken for left over: the next look tells. It only reads.
 */
export async function findLeftovers(sources: LeftoverSources): Promise<Leftovers> {
  const running = await runningExecutions(sources);
  const lookedAt = sources.now().toISOString();
  const found = (
    await Promise.all([
      findInstances(sources),
      findVolumes(sources),
      findInterfaces(sources),
      findSnapshots(sources),
      findQueues(sources),
      findGrants(sources),
    ])
  ).flat();
  for (const name of await runningExecutions(sources)) running.add(name);
  const systemOf = new Map(
    found.flatMap(({ kind, id, system }) =>
      kind === 'instance' && systems.has(system ?? '') ? [[id, system] as const] : [],
    ),
  );
  const sorted = Object.groupBy(found, ({ kind, id, owner, instance }) => {
    if (owner !== undefined && running.has(owner)) return 'running';
    return systemOf.has(kind === 'instance' ? id : (instance ?? '')) ? 'longLived' : 'left';
  });
  const told = (list: readonly Found[] = []): Existing[] =>
    list.map(({ owner, instance, ...rest }) => ({
      ...rest,
      system: systemOf.get(instance ?? rest.id),
    }));
  return {
    left: told(sorted.left),
    running: told(sorted.running),
    longLived: told(sorted.longLived),
    executions: running.size / 2,
    lookedAt,
  };
}

/** Names and hashes of the executions that run: tags have the one, names of grants the other. */
async function runningExecutions(of: LeftoverSources): Promise<Set<string>> {
  const names = new Set<string>();
  const input = { stateMachineArn: of.stateMachineArn, statusFilter: 'RUNNING' as const };
  for await (const page of paginateListExecutions({ client: of.sfn }, input)) {
    for (const { executionArn = '' } of page.executions ?? []) {
      names.add(executionName(executionArn)).add(executionHash(executionArn));
    }
  }
  return names;
}

const ofStudy = (study: string) => [{ Name: `tag:${tagKeys.study}`, Values: [study] }];

function tagged(tags: readonly Tag[] = []) {
  const valueOf = (key: string) => tags.find(({ Key }) => Key === key)?.Value;
  return {
    owner: valueOf(tagKeys.execution),
    batchId: batchIn(valueOf(tagKeys.batch)),
    system: valueOf(tagKeys.system),
  };
}

/** A tag that a person typed is not repeated. */
const batchIn = (text: string | undefined): string | undefined => BatchId.safeParse(text).data;

async function findInstances({ ec2, study }: LeftoverSources): Promise<Found[]> {
  const found: Found[] = [];
  const states = ['pending', 'running', 'stopping', 'stopped', 'shutting-down'];
  const Filters = [...ofStudy(study), { Name: 'instance-state-name', Values: states }];
  for await (const page of paginateDescribeInstances({ client: ec2 }, { Filters })) {
    const instances = (page.Reservations ?? []).flatMap(({ Instances = [] }) => Instances);
    for (const { InstanceId: id = '', State, LaunchTime, Tags } of instances) {
      const since = LaunchTime?.toISOString();
      found.push({ kind: 'instance', id, state: State?.Name, since, ...tagged(Tags) });
    }
  }
  return found;
}

async function findVolumes({ ec2, study }: LeftoverSources): Promise<Found[]> {
  const found: Found[] = [];
  const filters = { Filters: ofStudy(study) };
  for await (const { Volumes = [] } of paginateDescribeVolumes({ client: ec2 }, filters)) {
    for (const { VolumeId: id = '', State: state, CreateTime, Tags, Attachments } of Volumes) {
      const since = CreateTime?.toISOString();
      const instance = Attachments?.[0]?.InstanceId ?? '';
      found.push({ kind: 'volume', id, state, since, instance, ...tagged(Tags) });
    }
  }
  return found;
}

async function findInterfaces({ ec2, study }: LeftoverSources): Promise<Found[]> {
  const found: Found[] = [];
  const filters = { Filters: ofStudy(study) };
  for await (const page of paginateDescribeNetworkInterfaces({ client: ec2 }, filters)) {
    for (const one of page.NetworkInterfaces ?? []) {
      const { NetworkInterfaceId: id = '', Status: state, TagSet, Attachment } = one;
      const instance = Attachment?.InstanceId ?? '';
      found.push({ kind: 'interface', id, state, instance, ...tagged(TagSet) });
    }
  }
  return found;
}

async function findSnapshots({ ec2, study }: LeftoverSources): Promise<Found[]> {
  const found: Found[] = [];
  const own = { Filters: ofStudy(study), OwnerIds: ['self'] };
  for await (const { Snapshots = [] } of paginateDescribeSnapshots({ client: ec2 }, own)) {
    for (const { SnapshotId: id = '', State: state, StartTime, Tags } of Snapshots) {
      found.push({ kind: 'snapshot', id, state, since: StartTime?.toISOString(), ...tagged(Tags) });
    }
  }
  return found;
}

async function findQueues({ sqs, study }: LeftoverSources): Promise<Found[]> {
  const found: Found[] = [];
  const prefix = studyQueuePrefix(study);
  const pages = paginateListQueues({ client: sqs, pageSize: 1000 }, { QueueNamePrefix: prefix });
  for await (const { QueueUrls = [] } of pages) {
    for (const url of QueueUrls) {
      const [batch, owner] = url.slice(url.lastIndexOf('/') + 1 + prefix.length).split('-');
      const batchId = batchIn(batch);
      // A name that no run gives is one that a person typed.
      const id =
        batchId === undefined ? 'a queue of another name' : `${prefix}${batchId}-${owner ?? ''}`;
      found.push({ kind: 'queue', id, since: await madeAt(sqs, url), batchId, owner });
    }
  }
  return found;
}

async function madeAt(sqs: SQSClient, url: string): Promise<string | undefined> {
  const command = new GetQueueAttributesCommand({
    QueueUrl: url,
    AttributeNames: ['CreatedTimestamp'],
  });
  const { Attributes } = await sqs.send(command);
  const seconds = Number(Attributes?.CreatedTimestamp);
  return Number.isNaN(seconds) ? undefined : new Date(seconds * 1000).toISOString();
}

async function findGrants({ kms, dataKeyArn, study }: LeftoverSources): Promise<Found[]> {
  const found: Found[] = [];
  const prefix = studyGrantPrefix(study);
  for await (const { Grants = [] } of paginateListGrants({ client: kms }, { KeyId: dataKeyArn })) {
    for (const { GrantId: id = '', Name = '', CreationDate } of Grants) {
      const [batch, run] = Name.startsWith(prefix) ? Name.slice(prefix.length).split('/') : [];
      const owner = run?.split('-')[0];
      const since = CreationDate?.toISOString();
      found.push({ kind: 'grant', id, since, batchId: batchIn(batch), owner });
    }
  }
  return found;
}
