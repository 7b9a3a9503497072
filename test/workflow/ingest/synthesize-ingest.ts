import { App, Duration, Stack } from 'aws-cdk-lib';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { DefinitionBody, QueryLanguage, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { ingestLifecycle, mostIngestHours } from '../../../workflow/ingest.ts';
import {
  ingestFunctionSeconds,
  type IngestFunctions,
  type IngestTaskName,
} from '../../../workflow/ingest-functions.ts';

import type { StackTemplate } from '../../support/synth.ts';
import type { Asl } from '../state-machine.ts';

/** ARN of the function behind a task. */
export const functionArn = (task: string): string =>
  `arn:aws:lambda:us-east-1:111111111111:function:${task}`;

/** The ingest's definition as a template has it, in a stack of its own. */
export function synthesizeIngest(): Asl {
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, 'Ingest');
  const tasks = Object.keys(ingestFunctionSeconds) as IngestTaskName[];
  const functions = Object.fromEntries(
    tasks.map((task) => [task, LambdaFunction.fromFunctionArn(stack, task, functionArn(task))]),
  ) as IngestFunctions;
  new StateMachine(stack, 'Machine', {
    queryLanguage: QueryLanguage.JSONATA,
    definitionBody: DefinitionBody.fromChainable(ingestLifecycle(stack, functions)),
    timeout: Duration.hours(mostIngestHours),
  });
  const { Resources } = app.synth().getStackByName('Ingest').template as StackTemplate;
  const machine = Object.values(Resources).find(
    ({ Type }) => Type === 'AWS::StepFunctions::StateMachine',
  )!;
  return JSON.parse(asText(machine.Properties.DefinitionString)) as Asl;
}

/** Joins what the template leaves to be joined: the partition is the only name in it. */
function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  const join = (value as { 'Fn::Join'?: [string, unknown[]] })['Fn::Join'];
  return join === undefined ? 'aws' : join[1].map(asText).join(join[0]);
}
