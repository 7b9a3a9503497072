import { SFNClient } from '@aws-sdk/client-sfn';
import type { EventBus } from '../../../../local/api.ts';
import type { Clock } from '../../../../local/clock.ts';
import {
  createStatesService,
  type StatesService,
} from '../../../../local/services/states/states-service.ts';
import { startSmallCloud, type SmallCloud } from '../lambda/small-cloud.ts';

/** A small cloud with Step Functions in it. */
export interface WorkflowCloud extends SmallCloud {
  readonly states: StatesService;
  /** What Step Functions put on the bus. */
  readonly events: Parameters<EventBus['put']>[0][];
  /** Declares a state machine and returns its ARN. */
  machine(name: string, definition: object, properties?: object): Promise<string>;
  /** A client of a role that may do what the statements say, and by default everything. */
  client(...statements: object[]): Promise<SFNClient>;
}

/** A definition of one state. */
export function single(state: object): object {
  return { QueryLanguage: 'JSONata', StartAt: 'Only', States: { Only: { End: true, ...state } } };
}

export async function startWorkflowCloud(clock?: Clock): Promise<WorkflowCloud> {
  const cloud = await startSmallCloud(clock ? { clock } : {});
  const events: WorkflowCloud['events'] = [];
  const states = cloud.serve(
    createStatesService(
      cloud.surroundings,
      cloud.lambda,
      { put: (event) => events.push(event) },
      {
        append: (group, stream, message) =>
          (cloud.logs as { group: string; stream: string; message: string }[]).push({
            group,
            stream,
            message,
          }),
      },
    ),
  );
  const machineRole = await cloud.role('machine', {
    Action: 'lambda:InvokeFunction',
    Resource: 'arn:aws:lambda:us-east-1:111122223333:function:allowed-*',
  });
  let clients = 0;
  return {
    ...cloud,
    states,
    events,
    async machine(name, definition, properties = {}) {
      const created = await cloud.declare('AWS::StepFunctions::StateMachine', name, {
        StateMachineName: name,
        DefinitionString: JSON.stringify(definition),
        RoleArn: machineRole,
        ...properties,
      });
      return created.ref;
    },
    async client(...statements) {
      const allowed =
        statements.length === 0 ? [{ Action: 'states:*', Resource: '*' }] : statements;
      const role = await cloud.role(`caller-${(clients += 1)}`, ...allowed);
      return new SFNClient({
        region: 'us-east-1',
        endpoint: cloud.surroundings.endpoint(),
        credentials: cloud.credentials(role),
        maxAttempts: 1,
      });
    },
  };
}
