import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { Deployment } from '../../client/deployment.ts';
import { ClientSettings, clientSettingsParameter } from '../../workflow/model/client-settings.ts';
import type { LocalState } from '../run/local-state.ts';
import { clientsAs } from './clients.ts';

/** Opens the deployment as one role, without changing this process's environment. */
export async function openAs(state: LocalState, role: 'operator' | 'auditor'): Promise<Deployment> {
  const config = { endpoint: state.endpoint, region: state.region };
  const ssm = new SSMClient({ ...config, credentials: state.credentials[role] });
  const { Parameter } = await ssm.send(
    new GetParameterCommand({ Name: clientSettingsParameter(state.study) }),
  );
  const settings = ClientSettings.parse(JSON.parse(Parameter?.Value ?? '{}'));
  const { s3, kms, sfn, dynamodb } = clientsAs(state, role);
  return { settings, s3, kms, sfn, ledger: { client: dynamodb, name: settings.ledgerTable } };
}
