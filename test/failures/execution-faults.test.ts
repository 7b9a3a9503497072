import { executionFaults } from './support/execution-faults.ts';
import { prove } from './support/prove.ts';

prove(() => executionFaults);
