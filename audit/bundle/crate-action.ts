import type { RunRecord } from '../run-record.ts';
import { runUuid } from './bag-info.ts';
import { type Entity, ref, refs } from './crate-entity.ts';

/** The execution as an action: it, and what it refers to. */
export interface CrateAction {
  readonly id: string;
  /** Who requested it; absent where the record does not name a person. */
  readonly agent: Entity | undefined;
  readonly inputs: readonly Entity[];
  readonly results: readonly Entity[];
  readonly entities: readonly Entity[];
}

/** Describes an execution as the action that created the results of its batch. */
export function describeAction(record: RunRecord, workflow: string): CrateAction {
  const { execution, request, runs } = record;
  const id = `#run-${runUuid(record, 'action')}`;
  const agent = requestingPerson(record);
  const inputs = describeInputs(record);
  const results = describeResults(record);
  const action: Entity = {
    '@id': id,
    '@type': 'CreateAction',
    name: `Execution ${execution.hash} of the state machine`,
    description:
      runs.length === 1
        ? 'One run.'
        : `${runs.length} runs: the execution was redriven. Times are from its start to its last end.`,
    startTime: execution.started,
    endTime: execution.ended,
    actionStatus: `http://schema.org/${execution.status === 'SUCCEEDED' ? 'Completed' : 'Failed'}ActionStatus`,
    ...(execution.status !== 'SUCCEEDED' && { error: execution.error ?? execution.status }),
    instrument: [ref(workflow), ref('./')],
    agent: agent && ref(agent['@id']),
    object: refs(inputs),
    result: refs(results),
    identifier: request.batchId,
  };
  return {
    id,
    agent,
    inputs,
    results,
    entities: [
      action,
      ...(agent === undefined ? [] : [agent]),
      ...inputs,
      ...results,
      ...(results.length === 0
        ? []
        : [
            {
              '@id': '#who-may-read-results',
              '@type': 'DigitalDocumentPermission',
              permissionType: 'http://schema.org/ReadPermission',
              grantee: ref('#study'),
            },
          ]),
    ],
  };
}

/** Whoever started the first run, as the access log names their session. */
function requestingPerson({ runs }: RunRecord): Entity | undefined {
  const by = runs[0]?.startedBy?.by;
  if (by?.kind !== 'person') return undefined;
  return {
    '@id': '#requesting-person',
    '@type': 'Person',
    name: by.session ?? by.name,
    description: `By the session that they chose with the role ${by.name}.`,
    memberOf: ref('#study'),
  };
}

/** The batch's inputs, which are in no bundle, and the settings of the run. */
function describeInputs(record: RunRecord): Entity[] {
  const { objects, request } = record;
  const { plan, batchId } = request;
  const settings = Object.entries({
    pipeline: plan?.pipeline,
    workers: plan?.workers,
    tenancy: plan?.tenancy,
    instanceType: plan?.instanceType,
    maxSeconds: plan?.maxSeconds,
  });
  return [
    ...(batchId === undefined
      ? []
      : [
          {
            '@id': `urn:uuid:${runUuid(record, 'inputs')}`,
            '@type': 'Collection',
            name: `Encrypted inputs of batch ${batchId}`,
            description: 'They are not in the crate: objects.csv lists them.',
            collectionSize: objects.length,
          },
        ]),
    ...settings.flatMap(([name, value]) =>
      value === undefined
        ? []
        : [{ '@id': `#setting-${name}`, '@type': 'PropertyValue', name, value: String(value) }],
    ),
  ];
}

/** The consolidated result, which only the study may read, where this execution made it. */
function describeResults(record: RunRecord): Entity[] {
  const { batch, execution } = record;
  if (batch?.result === undefined || !batch.isOfThisExecution || execution.status !== 'SUCCEEDED') {
    return [];
  }
  return [
    {
      '@id': `urn:uuid:${runUuid(record, 'result')}`,
      '@type': 'DigitalDocument',
      name: 'Encrypted result of the batch, which is not in the crate',
      encodingFormat: 'application/octet-stream',
      contentSize: String(batch.result.bytes),
      sha256: batch.result.sha256,
      hasDigitalDocumentPermission: ref('#who-may-read-results'),
    },
  ];
}
