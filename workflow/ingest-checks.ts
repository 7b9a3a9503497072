import type { MachineFacts } from './lifecycle-checks.ts';

/**
 * What the static checks have to know about the ingest.
 *
 * It launches nothing, so nothing has to be terminated: the facts about that are left out.
 */
export function ingestFacts(): MachineFacts {
  return {
    failureStates: ['Report Gaps After Failure'],
    toleratedFailures: {
      'Another Run Is On': 'It is the older run that polls, and that tells how it went.',
    },
  };
}
