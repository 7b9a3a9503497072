import type { CommanderError } from 'commander';
import { UserError } from './exit-codes.ts';

/**
 * Turns commander's complaint into one that repeats nothing of what was typed: a file's name ends
 * up where a command or a number should be more often than one thinks.
 */
export function usageError({ code, message }: CommanderError): UserError {
  return new UserError('usage', `${sentence(code, message)} (--help tells how)`);
}

function sentence(code: string, message: string): string {
  switch (code) {
    case 'commander.unknownCommand':
      return `unknown command${suggestion(message)}`;
    case 'commander.unknownOption':
      return `unknown option${suggestion(message)}`;
    case 'commander.invalidArgument':
      return invalidArgument(message);
    case 'commander.excessArguments':
      return 'too many arguments';
    case 'commander.help':
      return 'a command is missing';
    default:
      // The others name options and arguments as they are declared.
      return message.replace(/^error: /, '');
  }
}

function suggestion(message: string): string {
  const similar = /\n\(Did you mean ([a-z, -]+)\?\)$/.exec(message)?.[1];
  return similar === undefined ? '' : `; did you mean ${similar}?`;
}

const rules = '(?:It must be|Allowed choices are)';

/** Takes what stands before and after the typed value: where it stood, and what it should be. */
function invalidArgument(message: string): string {
  const option = /^error: option '([^']+)'/.exec(message)?.[1];
  // Greedy, because what was typed may itself read like this.
  const argument = new RegExp(`^[^]* is invalid for argument '([a-z]+)'\\. ${rules}`).exec(message);
  const rule = new RegExp(`^[^]*(${rules}.*)$`).exec(message)?.[1] ?? 'it is invalid';
  return `${option ?? argument?.[1] ?? 'an argument'}: ${rule}`;
}
