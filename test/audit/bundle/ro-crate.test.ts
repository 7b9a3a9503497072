import { describe, expect, it } from 'vitest';
import type { RunEvidence } from '../../../audit/read-run-record.ts';
import { readScene, sceneNames } from '../scenes/read-scene.ts';
import { compose, textIn } from './compose.ts';

interface Entity {
  readonly '@id': string;
  readonly '@type': string | readonly string[];
  readonly [property: string]: unknown;
}

/** A crate, and the bag that it is in. */
interface Crate {
  readonly document: { readonly '@context': unknown; readonly '@graph': readonly Entity[] };
  readonly paths: readonly string[];
  readonly bagInfo: string;
}

async function crateOf(evidence: RunEvidence): Promise<Crate> {
  const bundle = await compose(evidence);
  return {
    document: JSON.parse(textIn(bundle, 'data/ro-crate-metadata.json')) as Crate['document'],
    paths: [...bundle.files.keys()],
    bagInfo: textIn(bundle, 'bag-info.txt'),
  };
}

const graph = ({ document }: Crate) => document['@graph'];
const entity = (crate: Crate, id: string) => graph(crate).find((each) => each['@id'] === id);
const root = (crate: Crate) => entity(crate, './')!;
const descriptor = (crate: Crate) => entity(crate, 'ro-crate-metadata.json')!;
const types = (of: Entity | undefined) => [of?.['@type'] ?? []].flat();
const idsOf = (value: unknown) =>
  [value ?? []].flat().flatMap((each) => (each as { '@id'?: string })['@id'] ?? []);
const referred = (crate: Crate, value: unknown) => idsOf(value).map((id) => entity(crate, id));
const actions = (crate: Crate) =>
  graph(crate).filter((each) => types(each).includes('CreateAction'));
const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z$/;

type Must = readonly [source: string, must: string, holds: (crate: Crate) => boolean];

/** https://www.researchobject.org/ro-crate/specification/1.1/ (1.2 has the same, and wants its context). */
const roCrate: readonly Must[] = [
  [
    'RO-Crate 1.1, metadata descriptor',
    'is a CreativeWork about the root',
    (crate) =>
      types(descriptor(crate)).includes('CreativeWork') &&
      idsOf(descriptor(crate).about)[0] === './',
  ],
  [
    'RO-Crate 1.2, structure',
    'the context of RO-Crate is used by reference',
    ({ document }) =>
      [document['@context']].flat().includes('https://w3id.org/ro/crate/1.2/context'),
  ],
  [
    'RO-Crate 1.1, structure',
    'the graph is flattened: entities have an @id, a @type, and no entity inside',
    (crate) =>
      graph(crate).every(
        (each) =>
          types(each).length > 0 &&
          Object.values(each)
            .flat()
            .every(
              (value) =>
                typeof value !== 'object' || value === null || Object.keys(value).join() === '@id',
            ),
      ),
  ],
  [
    'RO-Crate 1.1, root data entity',
    '@type is Dataset, and @id ends with a slash',
    (crate) => types(root(crate)).includes('Dataset'),
  ],
  [
    'RO-Crate 1.1, root data entity',
    'has name, description, license and an ISO 8601 datePublished',
    (crate) =>
      ['name', 'description', 'license'].every((key) => root(crate)[key] !== undefined) &&
      time.test(String(root(crate).datePublished)),
  ],
  [
    'RO-Crate 1.1, data entities',
    'each file is described, is a part of the root, and is there',
    (crate) => {
      const files = graph(crate)
        .filter((each) => types(each).includes('File'))
        .map((each) => each['@id']);
      const parts = idsOf(root(crate).hasPart);
      return (
        files.length === 12 &&
        files.every((path) => parts.includes(path) && crate.paths.includes(`data/${path}`))
      );
    },
  ],
];

/** https://w3id.org/ro/wfrun/process/0.5, https://w3id.org/ro/wfrun/workflow/0.5, https://w3id.org/workflowhub/workflow-ro-crate/1.0 */
const workflowRun: readonly Must[] = [
  [
    'Process Run Crate 0.5, Dataset.conformsTo',
    'references a CreativeWork with the permalink',
    (crate) =>
      types(entity(crate, 'https://w3id.org/ro/wfrun/process/0.5')).includes('CreativeWork') &&
      idsOf(root(crate).conformsTo).includes('https://w3id.org/ro/wfrun/process/0.5'),
  ],
  [
    'Workflow Run Crate 0.5, Dataset.conformsTo',
    'references a CreativeWork with the permalink',
    (crate) =>
      types(entity(crate, 'https://w3id.org/ro/wfrun/workflow/0.5')).includes('CreativeWork') &&
      idsOf(root(crate).conformsTo).includes('https://w3id.org/ro/wfrun/workflow/0.5'),
  ],
  [
    'Process Run Crate 0.5, CreateAction',
    'has @type, a unique @id, and an instrument that is described',
    (crate) =>
      actions(crate).length === 1 &&
      actions(crate).every(
        (each) =>
          idsOf(each.instrument).length > 0 &&
          !referred(crate, each.instrument).includes(undefined),
      ),
  ],
  [
    'Workflow Run Crate 0.5, overview',
    'has a ComputationalWorkflow as mainEntity, which is the instrument of its execution',
    (crate) =>
      referred(crate, root(crate).mainEntity).some(
        (each) =>
          types(each).includes('ComputationalWorkflow') &&
          idsOf(actions(crate)[0]?.instrument).includes(each!['@id']),
      ),
  ],
  [
    'Workflow RO-Crate 1.0, main workflow',
    'is File, SoftwareSourceCode and ComputationalWorkflow',
    (crate) =>
      ['File', 'SoftwareSourceCode', 'ComputationalWorkflow'].every((type) =>
        types(entity(crate, 'definition.asl.json')).includes(type),
      ),
  ],
  [
    'Workflow RO-Crate 1.0, main workflow',
    'refers to its language via programmingLanguage',
    (crate) =>
      types(referred(crate, entity(crate, 'definition.asl.json')?.programmingLanguage)[0]).includes(
        'ComputerLanguage',
      ),
  ],
  [
    'Workflow RO-Crate 1.0, crate',
    'specifies a license',
    (crate) => !referred(crate, root(crate).license).includes(undefined),
  ],
];

/** https://w3id.org/5s-crate/0.4; its MUSTs of phases that did not take place are not asked for. */
const fiveSafes: readonly Must[] = [
  [
    'Five Safes 0.4, archive',
    'the payload manifest is there, with SHA-512',
    ({ paths }) => paths.includes('manifest-sha512.txt'),
  ],
  [
    'Five Safes 0.4, archive',
    'ro-crate-metadata.json is in data/',
    ({ paths }) => paths.includes('data/ro-crate-metadata.json'),
  ],
  [
    'Five Safes 0.4, BagIt expectations',
    'bag-info.txt has an External-Identifier, here a UUID URN',
    ({ bagInfo }) =>
      /^External-Identifier: urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/m.test(
        bagInfo,
      ),
  ],
  [
    'Five Safes 0.4, BagIt expectations',
    'nothing outside of the payload is referenced',
    ({ document }) => !JSON.stringify(document).includes('../'),
  ],
  [
    'Five Safes 0.4, metadata file',
    'the descriptor declares RO-Crate 1.2 or later',
    (crate) => idsOf(descriptor(crate).conformsTo).join() === 'https://w3id.org/ro/crate/1.2',
  ],
  [
    'Five Safes 0.4, metadata file',
    'the root has the @id "./"',
    (crate) => entity(crate, './') !== undefined,
  ],
  [
    'Five Safes 0.4, profile conformance (SHOULD)',
    'the root says so',
    (crate) => idsOf(root(crate).conformsTo).includes('https://w3id.org/5s-crate/0.4'),
  ],
  [
    'Five Safes 0.4, workflow crate',
    'mainEntity is a Dataset that is a Workflow RO-Crate',
    (crate) =>
      referred(crate, root(crate).mainEntity).some(
        (each) =>
          types(each).includes('Dataset') &&
          idsOf(each!.conformsTo).includes('https://w3id.org/workflowhub/workflow-ro-crate/1.0'),
      ),
  ],
  [
    'Five Safes 0.4, requested run',
    'a CreateAction is mentioned by the root, and has the workflow crate as instrument',
    (crate) =>
      idsOf(root(crate).mentions).includes(actions(crate)[0]!['@id']) &&
      idsOf(actions(crate)[0]?.instrument).includes('./'),
  ],
  [
    'Five Safes 0.4, requesting agent',
    'the agent is a Person',
    (crate) =>
      referred(crate, actions(crate)[0]?.agent).every((each) => types(each).includes('Person')) &&
      idsOf(actions(crate)[0]?.agent).length === 1,
  ],
  [
    'Five Safes 0.4, responsible project',
    'sourceOrganization is a Project',
    (crate) => types(referred(crate, root(crate).sourceOrganization)[0]).includes('Project'),
  ],
  [
    'Five Safes 0.4, inputs',
    'each input is described',
    (crate) =>
      idsOf(actions(crate)[0]?.object).length > 0 &&
      !referred(crate, actions(crate)[0]?.object).includes(undefined),
  ],
  [
    'Five Safes 0.4, execution states',
    'actionStatus is one of four',
    (crate) =>
      /^http:\/\/schema\.org\/(?:Completed|Failed)ActionStatus$/.test(
        String(actions(crate)[0]?.actionStatus),
      ),
  ],
  [
    'Five Safes 0.4, review process',
    'times follow RFC 3339, with a zone',
    (crate) =>
      [actions(crate)[0]?.startTime, actions(crate)[0]?.endTime].every((each) =>
        time.test(String(each)),
      ),
  ],
  [
    'Five Safes 0.4, publishing phase',
    'hasPart includes the results of the action',
    (crate) =>
      idsOf(actions(crate)[0]?.result).every(
        (id) => idsOf(root(crate).hasPart).includes(id) && entity(crate, id) !== undefined,
      ),
  ],
];

const crates = new Map(
  await Promise.all(
    sceneNames.map(
      async (name) => [name, await crateOf((await readScene(name)).evidence)] as const,
    ),
  ),
);

describe.each(sceneNames)('the crate of the run "%s"', (name) => {
  const crate = crates.get(name)!;

  it.each([...roCrate, ...workflowRun, ...fiveSafes])('%s: %s', (_source, _must, holds) => {
    expect(holds(crate)).toBe(true);
  });

  it('describes everything that it refers to, once', () => {
    const ids = graph(crate).map((each) => each['@id']);
    const wanted = graph(crate).flatMap((each) => Object.values(each).flatMap(idsOf));
    const known = [...ids, 'https://w3id.org/ro/crate/1.2', 'http://schema.org/ReadPermission'];

    expect(new Set(ids).size).toBe(ids.length);
    expect(known).toEqual(
      expect.arrayContaining(wanted.filter((id) => !id.startsWith('https://states-language'))),
    );
  });

  it('makes up no sign-off, validation or disclosure that nobody performed', () => {
    expect(JSON.stringify(crate.document)).not.toMatch(/AssessAction|w3id\.org\/shp/);
  });
});

it('does not claim Five Safes where nothing says who requested the run', async () => {
  const { evidence } = await readScene('success');
  const runs = evidence.record.runs.map((run) => ({ ...run, startedBy: undefined }));

  const crate = await crateOf({
    ...evidence,
    record: { ...evidence.record, runs, access: undefined },
  });

  expect(idsOf(root(crate).conformsTo)).not.toContain('https://w3id.org/5s-crate/0.4');
  expect(actions(crate)[0]?.agent).toBeUndefined();
  for (const [source, must, holds] of [...roCrate, ...workflowRun]) {
    expect(holds(crate), `${source}: ${must}`).toBe(true);
  }
});

it('tells a failure as one, with its error', () => {
  const [action] = actions(crates.get('failed')!);

  expect(action).toMatchObject({
    actionStatus: 'http://schema.org/FailedActionStatus',
    result: [],
  });
  expect(action?.error).toBeTypeOf('string');
});

it('describes the result by size and digest, for the study to read only', () => {
  const crate = crates.get('success')!;
  const [result] = referred(crate, actions(crate)[0]?.result);

  expect(result).toMatchObject({ '@type': 'DigitalDocument', contentSize: '2400' });
  expect(result?.sha256).toMatch(/^[0-9a-f]{64}$/);
});
