import { prove } from './support/prove.ts';
import { workerFaults } from './support/worker-faults.ts';

prove(workerFaults);
