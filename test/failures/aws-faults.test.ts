import { awsFaults } from './support/aws-faults.ts';
import { prove } from './support/prove.ts';

prove(awsFaults);
