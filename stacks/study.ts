import { type App, Tags, Validations } from 'aws-cdk-lib';
import { ingestFacts } from '../workflow/ingest-checks.ts';
import { lifecycleFacts } from '../workflow/lifecycle-checks.ts';
import { tagKeys } from '../workflow/model/tags.ts';
import { BastionStack } from './bastion-stack.ts';
import { BatchStack } from './batch-stack.ts';
import type { CzarConfig } from './config.ts';
import { DataStack } from './data-stack.ts';
import { IngestStack } from './ingest-stack.ts';
import { NetworkStack } from './network-stack.ts';
import { type KnownMachine, StateMachineChecks } from './state-machine-checks.ts';
import type { Artifact, StudyArtifacts } from './worker-artifacts.ts';
import { WorkersStack } from './workers-stack.ts';

/**
 * Adds the stacks of one study to an app: a deployment serves one.
 *
 * They name no account and no region, so they are synthesized offline and deployed to whatever the
 * caller's credentials are for. A state machine that the static checks find something in fails the synth.
 */
export function addStudy(app: App, config: CzarConfig, artifacts: StudyArtifacts): void {
  const named = (id: string) => ({ stackName: `${config.pit}-${id}`, config });
  const network = new NetworkStack(app, 'Network', named('Network'));
  const data = new DataStack(app, 'Data', { ...named('Data'), network });
  const workers = new WorkersStack(app, 'Workers', {
    ...named('Workers'),
    network,
    data,
    artifacts,
  });
  const batch = new BatchStack(app, 'Batch', { ...named('Batch'), data, workers });
  const machines: KnownMachine[] = [{ machine: batch.stateMachine, facts: lifecycleFacts }];
  if (data.sensors !== undefined) {
    const { sensors } = data;
    const ingest = new IngestStack(app, 'Ingest', {
      ...named('Ingest'),
      network,
      data,
      sensors,
      batch,
      artifacts: { node: artifacts.node, poller: required(artifacts.poller) },
    });
    // Workers publishes node, which E needs as well.
    ingest.addStackDependency(workers);
    machines.push({ machine: ingest.stateMachine, facts: ingestFacts });
  }
  if (config.bastion) new BastionStack(app, 'Bastion', { ...named('Bastion'), network, data });
  Tags.of(app).add(tagKeys.study, config.pit);
  Validations.of(app).addPlugins(new StateMachineChecks(machines));
  waiveChecks(app);
}

function required(poller: Artifact | undefined): Artifact {
  if (poller === undefined) throw new Error('ingest needs the artifact of the poller');
  return poller;
}

/** The findings of cdk-nag's HIPAA pack that hold for every stack alike. */
function waiveChecks(app: App): void {
  Validations.of(app).acknowledge(
    {
      id: 'HIPAA.Security-IAMNoInlinePolicy',
      reason: 'Each policy is written for one role and ends with it; none is shared',
    },
    {
      id: 'HIPAA.Security-LambdaInsideVPC',
      reason: 'Functions orchestrate and never touch PHI: they stay out of the network that does',
    },
    {
      id: 'HIPAA.Security-LambdaConcurrency',
      reason: 'The state machine bounds their number; a reservation would take from the account',
    },
    {
      id: 'HIPAA.Security-LambdaDLQ',
      reason: 'Called synchronously; where EventBridge calls, its rule has the dead-letter queue',
    },
  );
}
