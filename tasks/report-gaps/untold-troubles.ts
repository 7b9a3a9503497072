import type { IngestRun } from '../../ingest/model/ingest-run.ts';
import type { Trouble, TroubleCount } from '../../ingest/model/sensor-items.ts';
import { AsideReason } from '../../ingest/model/sensor-object.ts';
import { toldAgainMs, type ToldTroubles } from '../../ledger/sensors/troubles.ts';

/** Troubles that one run meets and the next does not: whoever is not told then would never be. */
const metOnce: ReadonlySet<Trouble> = new Set(['MESSAGES_MISSING', ...AsideReason.options]);

/**
 * The troubles that the run before found, and of which no mail could be sent: they are this one's, too.
 *
 * One that had been told within a day before is none of them: nobody was to be told of it again.
 */
export function untoldTroubles(
  before: IngestRun | undefined,
  { told = {} }: ToldTroubles,
): TroubleCount[] {
  const { reportedAt, troubles = [] } = before ?? {};
  if (reportedAt === undefined) return [];
  return troubles.filter(({ code }) => {
    const toldAt = told[code];
    const wasTold =
      toldAt !== undefined && Date.parse(reportedAt) - Date.parse(toldAt) < toldAgainMs;
    return metOnce.has(code) && !wasTold;
  });
}
