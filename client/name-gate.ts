import { detectNames, type NameFinding } from '../workflow/model/name-detector.ts';
import { UserError } from './exit-codes.ts';

/**
 * Refuses a typed text that would stand in AWS's logs and looks like it tells something.
 *
 * `allowed` is for what a field is by design; a study is often called by an acronym that is a name.
 *
 * @throws UserError which names the field, never the text.
 */
export function refuseTelling(
  field: string,
  text: string,
  allowed: readonly NameFinding[] = [],
): void {
  const findings = detectNames(text).filter((finding) => !allowed.includes(finding));
  if (findings.length === 0) return;
  throw new UserError(
    'usage',
    `${field} looks like it tells ${findings.join(' and ')}, and would stand in logs: choose another`,
  );
}
