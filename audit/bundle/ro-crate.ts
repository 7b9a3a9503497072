import type { RunRecord } from '../run-record.ts';
import { runUuid } from './bag-info.ts';
import { describeAction } from './crate-action.ts';
import { type Entity, ref, refs } from './crate-entity.ts';
import { describeFiles } from './crate-files.ts';
import type { EventChain } from './event-chain.ts';

/** What a crate describes. */
export interface CrateParts {
  readonly record: RunRecord;
  readonly chain: Pick<EventChain, 'count' | 'head'>;
  /** Files of the payload by their names, but for the crate's own. */
  readonly files: ReadonlyMap<string, string>;
  readonly composedAt: Date;
}

const workflow = 'definition.asl.json';
const fiveSafes = 'https://w3id.org/5s-crate/0.4';
const profiles = [
  ['https://w3id.org/ro/wfrun/process/0.5', 'Process Run Crate', '0.5'],
  ['https://w3id.org/ro/wfrun/workflow/0.5', 'Workflow Run Crate', '0.5'],
  ['https://w3id.org/workflowhub/workflow-ro-crate/1.0', 'Workflow RO-Crate', '1.0'],
] as const;

/**
 * Describes a bundle as an RO-Crate, in JSON-LD.
 *
 * Of Workflow Run Crate 0.5, and of Five Safes RO-Crate 0.4 where the access log says which person
 * started the execution: that profile wants a person, and nobody is made up. Phases of a review that
 * nobody performed (sign-off, disclosure) are not in it either. Steps are in `trace.csv`: of their
 * actions, Five Safes would want that they ran the whole workflow.
 *
 * @see https://w3id.org/5s-crate/0.4
 * @see https://w3id.org/ro/wfrun/workflow/0.5
 */
export function writeCrate(parts: CrateParts): string {
  const { record, chain, files, composedAt } = parts;
  const { study, execution, request } = record;
  const action = describeAction(record, workflow);
  const person = action.agent;
  const claimed = [
    ...profiles.map(([id, name, version]) => ({
      '@id': id,
      '@type': 'CreativeWork',
      name,
      version,
    })),
    ...(person === undefined
      ? []
      : [
          {
            '@id': fiveSafes,
            '@type': ['CreativeWork', 'Profile'],
            name: 'Five Safes RO-Crate',
            version: '0.4',
          },
        ]),
  ];
  const data = describeFiles([...files.keys()], { files, workflow, action: action.id, chain });
  const root: Entity = {
    '@id': './',
    '@type': 'Dataset',
    name: `Evidence of execution ${execution.hash} of study ${study}`,
    description: `What became of an execution that ended ${execution.status}${request.batchId === undefined ? '' : `, for batch ${request.batchId}`}: its record, events, definition and what follows from them. Ids are opaque, sizes and digests are of ciphertext; no data of the study is in it.`,
    identifier: `urn:uuid:${runUuid(record, 'bag')}`,
    datePublished: composedAt.toISOString(),
    license: ref('#conditions'),
    conformsTo: refs(claimed),
    // Workflow Run Crate wants a workflow here, Five Safes a Workflow RO-Crate, which this one is.
    mainEntity: [ref(workflow), ref('./')],
    mentions: [
      ref(action.id),
      ...refs(action.inputs.filter(({ '@type': type }) => type === 'Collection')),
    ],
    sourceOrganization: ref('#study'),
    hasPart: refs([...data.filter(({ '@type': type }) => isData(type)), ...action.results]),
  };
  return `${JSON.stringify(
    {
      '@context': [
        'https://w3id.org/ro/crate/1.2/context',
        'https://w3id.org/ro/terms/workflow-run/context',
      ],
      '@graph': [
        {
          '@id': 'ro-crate-metadata.json',
          '@type': 'CreativeWork',
          about: ref('./'),
          conformsTo: ref('https://w3id.org/ro/crate/1.2'),
        },
        root,
        ...claimed,
        { '@id': '#study', '@type': 'Project', name: study },
        {
          '@id': '#conditions',
          '@type': 'CreativeWork',
          name: 'No licence is granted',
          description: 'Evidence of a study, for whoever may audit it.',
        },
        ...data,
        ...action.entities,
      ],
    },
    null,
    1,
  )}\n`;
}

const isData = (type: Entity['@type']): boolean => [type].flat().includes('File');
