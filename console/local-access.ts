import { clientsAs } from '../local/demo/clients.ts';
import { openAs } from '../local/demo/open-as.ts';
import { isRunning, readLocalState } from '../local/run/local-state.ts';
import type { ConsoleSources } from './sources.ts';

/** The embedded cloud that runs on this machine, for one study. */
export interface LocalCloud {
  readonly sources: ConsoleSources;
  /** Whether the cloud is still there. */
  readonly isThere: () => boolean;
}

/** Opens the embedded cloud that runs: read as the auditor, started in as the operator; undefined where none does. */
export async function localCloud(study: string): Promise<LocalCloud | undefined> {
  const state = readLocalState();
  if (state?.study !== study) return undefined;
  const { ec2, sqs } = clientsAs(state, 'auditor');
  const sources = {
    deployment: await openAs(state, 'auditor'),
    ec2,
    sqs,
    place: 'embedded cloud',
    accessLog: state.accessLog,
    embedded: { operator: await openAs(state, 'operator'), mails: state.mails },
  };
  return { sources, isThere: () => isRunning(state.pid) };
}
