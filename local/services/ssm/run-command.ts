import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { ApiError, type Call, type Surroundings } from '../../api.ts';
import { epochSeconds } from '../../read-input.ts';
import type { Fleet } from '../ec2/fleet.ts';
import { instanceAccess } from '../ec2/instance-access.ts';
import type { Instance } from '../ec2/instance.ts';
import { type CommandDocument, renderScript } from './command-document.ts';
import { followInvocation, type Invocation } from './invocation.ts';

export const SendCommandInput = z.strictObject({
  DocumentName: z.string(),
  /** Documents do not change here: each has one version, under each of its names. */
  DocumentVersion: z.enum(['1', '$DEFAULT', '$LATEST']).optional(),
  InstanceIds: z.array(z.string()).min(1).max(50),
  Parameters: z.record(z.string(), z.array(z.string()).length(1)).default({}),
  /** Seconds in which the command must have begun. */
  TimeoutSeconds: z.int().min(30).max(2_592_000).default(3600),
  Comment: z.string().max(100).default(''),
});

export const GetCommandInvocationInput = z.strictObject({
  CommandId: z.string(),
  InstanceId: z.string(),
  PluginName: z.string().optional(),
});

export const CancelCommandInput = z.strictObject({
  CommandId: z.string(),
  InstanceIds: z.array(z.string()).optional(),
});

/** Run Command: scripts of documents, run on the embedded EC2's machines. */
export interface RunCommand {
  send(input: z.infer<typeof SendCommandInput>, call: Call): Record<string, unknown>;
  get(input: z.infer<typeof GetCommandInvocationInput>, call: Call): Record<string, unknown>;
  cancel(input: z.infer<typeof CancelCommandInput>, call: Call): Record<string, never>;
}

/** Makes Run Command over the declared documents and the fleet. */
export function createRunCommand(
  surroundings: Surroundings,
  fleet: Fleet,
  documents: ReadonlyMap<string, CommandDocument>,
): RunCommand {
  const { clock } = surroundings;
  const commands = new Map<string, readonly Invocation[]>();

  return {
    send(input, call) {
      const { DocumentName, InstanceIds, Parameters, TimeoutSeconds, Comment } = input;
      const record = recordOf(input);
      call.record(record);
      const document = findDocument(DocumentName, call, surroundings, documents);
      const instances = [...new Set(InstanceIds)].map((id) => {
        call.authorize(instanceAccess('ssm:SendCommand', id, surroundings, fleet));
        return findOnline(id, fleet);
      });
      const text = renderScript(document, Parameters);
      const commandId = randomUUID();
      const now = clock.now();
      const invocations = instances.map((instance) =>
        followInvocation(
          { commandId, instanceId: instance.instanceId, document, comment: Comment },
          fleet.run(instance, {
            shell: 'sh',
            file: `var/lib/amazon/ssm/${commandId}/_script.sh`,
            text,
            timeoutSeconds: document.content.mainSteps[0].inputs.timeoutSeconds,
          }),
          { clock, deliverySeconds: TimeoutSeconds },
        ),
      );
      commands.set(commandId, invocations);
      const command = { CommandId: commandId, DocumentName, InstanceIds, Status: 'Pending' };
      call.record({ ...record, responseElements: { command: { commandId, status: 'Pending' } } });
      return {
        Command: {
          ...command,
          Comment,
          DocumentVersion: input.DocumentVersion ?? '$DEFAULT',
          ExpiresAfter: epochSeconds(new Date(now.getTime() + TimeoutSeconds * 1000)),
          Parameters,
          RequestedDateTime: epochSeconds(now),
          StatusDetails: 'Pending',
          TargetCount: instances.length,
          TimeoutSeconds,
        },
      };
    },
    get({ CommandId, InstanceId, PluginName }, call) {
      call.record({
        eventName: 'GetCommandInvocation',
        readOnly: true,
        requestParameters: { commandId: CommandId, instanceId: InstanceId },
      });
      call.authorize({ action: 'ssm:GetCommandInvocation', resource: '*' });
      const found = commands.get(CommandId)?.find(({ instanceId }) => instanceId === InstanceId);
      if (found === undefined) throw new ApiError('InvocationDoesNotExist', 'No such invocation');
      if (PluginName !== undefined && PluginName !== stepName(found)) {
        throw new ApiError('InvalidPluginName', 'The document has no such step');
      }
      return describeInvocation(found);
    },
    cancel({ CommandId, InstanceIds }, call) {
      call.record({
        eventName: 'CancelCommand',
        readOnly: false,
        requestParameters: { commandId: CommandId, instanceIds: InstanceIds },
      });
      call.authorize({ action: 'ssm:CancelCommand', resource: '*' });
      const invocations = commands.get(CommandId);
      if (invocations === undefined) throw new ApiError('InvalidCommandId', 'No such command');
      for (const invocation of invocations) {
        if (InstanceIds?.includes(invocation.instanceId) ?? true) invocation.cancel();
      }
      return {};
    },
  };
}

/** CloudTrail hides a command's parameters, and here they hold a task token. */
const recordOf = (input: z.infer<typeof SendCommandInput>) => ({
  eventName: 'SendCommand',
  readOnly: false,
  requestParameters: {
    documentName: input.DocumentName,
    instanceIds: input.InstanceIds,
    parameters: 'HIDDEN_DUE_TO_SECURITY_REASONS',
    timeoutSeconds: input.TimeoutSeconds,
  },
});

function findDocument(
  name: string,
  call: Call,
  { accountId, region }: Surroundings,
  documents: ReadonlyMap<string, CommandDocument>,
): CommandDocument {
  // AWS's own documents belong to no account. None of them is here.
  const owner = name.startsWith('AWS-') ? '' : accountId;
  call.authorize({
    action: 'ssm:SendCommand',
    resource: `arn:aws:ssm:${region}:${owner}:document/${name}`,
  });
  const document = documents.get(name);
  if (document !== undefined) return document;
  throw new ApiError('InvalidDocument', `Document with name ${name} does not exist.`);
}

function findOnline(instanceId: string, fleet: Fleet): Instance {
  const instance = fleet.find(instanceId);
  if (instance?.online === true) return instance;
  throw new ApiError(
    'InvalidInstanceId',
    `Instances [[${instanceId}]] not in a valid state for account`,
  );
}

const stepName = ({ document }: Invocation): string => document.content.mainSteps[0].name;

function describeInvocation(invocation: Invocation): Record<string, unknown> {
  const { startedAt, endedAt } = invocation;
  const elapsedMs =
    startedAt === undefined || endedAt === undefined
      ? undefined
      : endedAt.getTime() - startedAt.getTime();
  return {
    CommandId: invocation.commandId,
    InstanceId: invocation.instanceId,
    Comment: invocation.comment,
    DocumentName: invocation.document.name,
    DocumentVersion: '1',
    PluginName: stepName(invocation),
    ResponseCode: invocation.responseCode,
    ExecutionStartDateTime: startedAt?.toISOString() ?? '',
    ExecutionElapsedTime: elapsedMs === undefined ? '' : `PT${elapsedMs / 1000}S`,
    ExecutionEndDateTime: endedAt?.toISOString() ?? '',
    Status: invocation.status,
    StatusDetails: invocation.statusDetails,
    StandardOutputContent: invocation.stdout,
    StandardErrorContent: invocation.stderr,
  };
}
