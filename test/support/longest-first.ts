import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take a minute or more, the longest first. */
const longest = [
  'failures/function-faults',
  'e2e/demo-ingest',
  'failures/worker-faults',
  'failures/aws-faults',
  'failures/execution-faults',
  'failures/named-error-faults',
  'e2e/demo-interrupted',
  'e2e/lifecycle',
  'e2e/worker-stress',
];

const place = ({ moduleId }: TestSpecification): number => {
  const found = longest.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
  return found === -1 ? longest.length : found;
};

/** Starts the longest files first: one that began last would be waited for alone. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => place(one) - place(other));
  }
}
