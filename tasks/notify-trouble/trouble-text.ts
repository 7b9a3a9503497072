import type { TroubleFields } from '../../ingest/model/ingest-run.ts';
import type { Trouble } from '../../ingest/model/sensor-items.ts';
import type { MailText } from '../announce/announce.ts';

/** What each trouble is, with its count before it, and the first thing to do. */
const stories: Readonly<Record<Trouble, { readonly one: string; readonly do: string }>> = {
  WORKBENCH_STOPPED: {
    one: 'the workbench does not run, so nothing is polled',
    do: 'Start it. The queue keeps messages for 14 days.',
  },
  WORKBENCH_UNREACHABLE: {
    one: 'the workbench runs, and its agent does not answer',
    do: 'Reboot it where it does not come back by itself.',
  },
  POLL_FAILED: {
    one: 'the poll broke off',
    do: 'The next run goes on where it stopped. Look where it fails again.',
  },
  RUN_FAILED: {
    one: 'a step of the run other than the poll failed',
    do: 'Look at the execution: its error names what failed.',
  },
  POLLER_BUSY: {
    one: 'another poller was at work, so this run polled nothing',
    do: 'Nothing, unless it stays so.',
  },
  QUEUE_AGING: {
    one: 'messages may have waited for ten of the 14 days that the queue keeps them',
    do: 'Get polls going within four days: what is older is lost.',
  },
  DEAD_LETTERS: {
    one: 'messages that no poll could read',
    do: 'Find out which device sends them.',
  },
  DEVICE_SILENT: {
    one: 'devices in service send nothing',
    do: 'See which: czar iot gaps. Then look at the device.',
  },
  MESSAGES_MISSING: {
    one: 'messages were numbered by devices and did not come',
    do: 'See which: czar iot gaps. Late ones fill their gap by themselves.',
  },
  CONFLICT: {
    one: 'messages had the number of another one of their device, and are set aside',
    do: 'Ask the maker of the device.',
  },
  UNASSIGNED: {
    one: 'messages have values of a time when nobody wore the device, and are set aside',
    do: 'Ask who wore it: czar iot status shows the device.',
  },
  UNREGISTERED: {
    one: 'messages came of devices that nobody registered, and are set aside',
    do: 'Register the device, or take its certificate from it.',
  },
  REVOKED: {
    one: 'messages came of devices that were revoked, and are set aside',
    do: 'Make sure that the certificate is inactive.',
  },
  MISDIRECTED: {
    one: 'messages say that they are of another device than sent them, and are set aside',
    do: 'Revoke the device unless its maker can explain it.',
  },
  CLOCK_SKEW: {
    one: 'devices have a clock that is more than a minute off',
    do: 'Set it. Times are corrected until then.',
  },
};

/**
 * Writes the mail of an ingest run: codes, counts and what to do first.
 *
 * No character that Handlebars would escape, so that it reads the same whether SES escapes or not.
 */
export function writeTroubleMail({ study, run, troubles }: TroubleFields): MailText {
  const codes = troubles.map(({ code }) => code).join(', ');
  const lines = troubles.map(({ code, count }) => {
    const { one, do: act } = stories[code];
    return `${code} (${count}): ${one}. ${act}`;
  });
  return {
    // SES and mail programs cut a long subject; the text has every code.
    subject: `${study}: sensor ingest needs a look: ${codes}`.slice(0, 120),
    text:
      `${lines.join('\n\n')}\n\n` +
      'What to look at, in which order: docs/operate.md, under Sensor ingest. The same trouble is ' +
      'told again after 24 hours, and a device that falls silent at once.\n\n' +
      `Study ${study}, ingest run ${run}.\nThis mail has no protected health information in it.\n`,
  };
}
