import process from 'node:process';
import { fail, runProgram } from './program.ts';

const args = process.argv.slice(2);

process.on('uncaughtException', (error) => {
  fail(error, args);
  process.exit();
});
// A reader that has seen enough (`| head`) closes the pipe.
process.stdout.on('error', () => process.exit());

await runProgram(args);
