import { beforeAll, expect, it } from 'vitest';
import { resolveStudy } from '../support/resolve.ts';
import { type Study, synthesize } from '../support/synth.ts';
import type { Templates } from '../support/template-edits.ts';

let without: Study;
let withIngest: Study;

beforeAll(async () => {
  without = await synthesize();
  withIngest = await synthesize({ ingest: true });
});

/** Each resource of a study as it is written in its template. */
const written = (templates: Templates): Map<string, string> =>
  new Map(
    Object.entries(templates).flatMap(([stack, { Resources }]) =>
      Object.entries(Resources).map(
        ([id, resource]) => [`${stack}/${id}`, JSON.stringify(resource)] as const,
      ),
    ),
  );

/** Without CDK's hash. */
const plain = (path: string): string => path.replace(/[0-9A-F]{8}$/, '');

it('is to the byte the same where ingest is false as where nothing is said of it', async () => {
  // `pollMinutes` makes it another synthesis, and is of no meaning without ingest.
  const denied = await synthesize({ ingest: false, pollMinutes: 5, sealAfterHours: 0 });

  expect(JSON.stringify(denied.templates)).toBe(JSON.stringify(without.templates));
});

it('differs by the ingest’s own resources, and where its roles and tables are named', () => {
  const [before, after] = [written(without.templates), written(withIngest.templates)];
  const added = [...after.keys()].filter((path) => !before.has(path));
  const changed = [...before].filter(([path, text]) => after.get(path) !== text);

  expect(added.filter((path) => !path.startsWith('Ingest/')).map(plain)).toEqual([
    'Data/Poller',
    'Data/PollerRights',
    'Data/Sensors',
    'Data/Assignments',
  ]);
  expect(changed.map(([path]) => plain(path)).sort()).toEqual([
    'Batch/AlarmsTopicPolicy',
    'Batch/ClientSettings',
    'Data/DataKey',
    'Data/InputPolicy',
    'Data/PeopleAuditorRights',
    'Data/PeopleOperatorRights',
    'Data/PeopleResearcherRights',
  ]);
});

it('has nothing that speaks of sensors', () => {
  const text = JSON.stringify(resolveStudy(without.templates));

  expect(text).not.toMatch(/sensor|workbench|poller|assignment|iot:|AWS::IoT/i);
});
