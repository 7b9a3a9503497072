import { expect, it } from 'vitest';
import { useLocalFolder } from './support/local-folder.ts';
import { runLocally } from './support/run-locally.ts';

const local = useLocalFolder();

/** Publishing takes half a minute, and what a killed poller had in hand comes back after one. */
const fewMinutes = 480_000;

interface Summary {
  readonly status: string;
  readonly checks: Readonly<Record<string, boolean>>;
  readonly devices: number;
  readonly sent: number;
  readonly dropped: number;
  readonly distinct: number;
  readonly stored: number;
  readonly duplicates: number;
  readonly gapsInjected: number;
  readonly gapsFound: number;
  readonly kills: number;
}

it(
  'stores each of 50,000 messages of 20 devices once, and finds each gap, though three polls are killed',
  { timeout: fewMinutes },
  async ({ annotate }) => {
    const options = ['--devices', '20', '--messages', '50000', '--kills', '3'];
    const run = runLocally(local.path(), 'local/demo/demo-ingest.ts', ...options);

    const code = await run.ended;

    expect(code, run.text()).toBe(0);
    const summary = JSON.parse(run.stdout().trimEnd().split('\n').at(-1) ?? '') as Summary;
    const { devices, sent, dropped, distinct, stored, duplicates, kills } = summary;
    const { gapsInjected, gapsFound, checks } = summary;
    const figures = {
      devices,
      sent,
      dropped,
      distinct,
      duplicates,
      stored,
      gapsInjected,
      gapsFound,
      kills,
    };
    console.info(JSON.stringify(figures));
    await annotate(JSON.stringify(figures));
    expect(summary).toMatchObject({ status: 'SUCCEEDED', devices: 20, kills: 3 });
    expect(distinct + dropped).toBe(50_000);
    expect(stored).toBe(distinct);
    expect(gapsFound).toBe(gapsInjected);
    // The shares that were asked for, 5 % and 2 %, or so.
    expect(duplicates / distinct).toBeCloseTo(0.05, 2);
    expect(dropped / 50_000).toBeCloseTo(0.02, 2);
    expect(gapsInjected).toBeGreaterThan(500);
    expect(Object.values(checks)).not.toContain(false);
    expect(Object.keys(checks).length).toBeGreaterThan(8);
  },
);
