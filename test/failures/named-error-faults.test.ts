import { namedErrorFaults } from './support/function-faults.ts';
import { prove } from './support/prove.ts';

prove(namedErrorFaults);
