import { assignmentTable, sensorTable } from '../../ledger/sensors/sensor-tables.ts';
import type { Table } from '../../ledger/table.ts';
import type { IngestSettings } from '../../workflow/model/client-settings.ts';
import { type Deployment, openDeployment } from '../deployment.ts';
import { UserError } from '../exit-codes.ts';

/** The sensor ingest of a deployed study, as `czar iot` uses it. */
export interface Ingest {
  readonly deployment: Deployment;
  readonly settings: IngestSettings;
  readonly sensors: Table;
  readonly assignments: Table;
}

/**
 * Opens a study's deployment where it has a sensor ingest.
 *
 * @throws UserError where it has none.
 */
export async function openIngest(study: string): Promise<Ingest> {
  const deployment = await openDeployment(study);
  const { ingest } = deployment.settings;
  if (ingest === undefined) {
    throw new UserError(
      'unavailable',
      'this study has no sensor ingest: deploy it with -c ingest=true',
    );
  }
  const { client } = deployment.ledger;
  return {
    deployment,
    settings: ingest,
    sensors: sensorTable(client, ingest.sensorTable),
    assignments: assignmentTable(client, ingest.assignmentTable),
  };
}
