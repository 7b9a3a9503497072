import * as z from 'zod';
import { Run } from './batch-plan.ts';
import { PipelineName } from './batch-request.ts';

const addressed = {
  version: z.literal(1),
  taskToken: z.string().min(1),
  ...Run.shape,
  instanceId: z.string(),
} as const;

const keyed = {
  pipeline: PipelineName,
  grantToken: z.string().min(1),
  maxSeconds: z.int().min(1),
} as const;

/**
 * What a worker is told to do: the one parameter of the SSM document, as base64url of JSON.
 *
 * The worker answers to the task token; SSM's own status and output are not used.
 */
export const WorkerCommand = z.discriminatedUnion('command', [
  z.strictObject({ command: z.literal('configure'), ...addressed }),
  z.strictObject({ command: z.literal('process'), ...addressed, ...keyed, queueUrl: z.url() }),
  z.strictObject({
    command: z.literal('consolidate'),
    ...addressed,
    ...keyed,
    tolerateFailedObjects: z.int().min(0),
  }),
]);
export type WorkerCommand = z.infer<typeof WorkerCommand>;

export const ConfigureReply = z.strictObject({
  /** Digest of the agent that runs, as the launch template demands it. */
  agentSha256: z.string().regex(/^[0-9a-f]{64}$/),
  nodeVersion: z.string(),
});
export type ConfigureReply = z.infer<typeof ConfigureReply>;

/** What one worker did. An object that several workers tried counts where it ended. */
export const ProcessReply = z.strictObject({
  done: z.int().min(0),
  failed: z.int().min(0),
});
export type ProcessReply = z.infer<typeof ProcessReply>;

export const ConsolidateReply = z.strictObject({
  objects: z.int().min(0),
  done: z.int().min(0),
  failed: z.int().min(0),
  resultKey: z.string(),
  resultBytes: z.int().min(0),
  resultSha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type ConsolidateReply = z.infer<typeof ConsolidateReply>;

/** Writes a command as the SSM parameter: only letters that a shell leaves alone. */
export function encodeWorkerCommand(command: WorkerCommand): string {
  return Buffer.from(JSON.stringify(WorkerCommand.parse(command))).toString('base64url');
}

/** Reads a command from the SSM parameter. */
export function decodeWorkerCommand(parameter: string): WorkerCommand {
  return WorkerCommand.parse(JSON.parse(Buffer.from(parameter, 'base64url').toString()));
}

/** Seconds between two heartbeats of a worker. */
export const heartbeatSeconds = 20;

/** A worker that missed three beats is gone. */
export const heartbeatTimeoutSeconds = 3 * heartbeatSeconds;
