import { functionFaults } from './support/function-faults.ts';
import { prove } from './support/prove.ts';

prove(functionFaults);
