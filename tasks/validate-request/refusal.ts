import type * as z from 'zod';
import { BatchRequest } from '../../workflow/model/batch-request.ts';

const knownFields = Object.keys(BatchRequest.shape).join(', ');

type Issue = z.core.$ZodIssue;

/**
 * Tells in one plain sentence what is wrong with a request: its first problem.
 *
 * It names fields that exist and says what they must be. What was typed is not repeated: neither a
 * text value nor the name of an unknown field, either of which may be a person's name.
 */
export function describeRefusal({ issues }: z.ZodError): string {
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (issue === undefined) return 'the request is not valid';
  if (issue.code === 'unrecognized_keys') {
    return `the request has an unknown field; its fields can be ${knownFields}`;
  }
  const field = issue.path.map(String).join('.');
  if (field === '') return 'the request must be a JSON object with the fields batchId and pipeline';
  const demand = describeDemand(issue);
  return demand.startsWith(field) ? demand : `${field} ${demand}`;
}

function describeDemand(issue: Issue): string {
  if (issue.code === 'invalid_type') {
    return issue.message.endsWith('received undefined')
      ? 'is missing'
      : `must be ${articles[issue.expected] ?? issue.expected}`;
  }
  if (issue.code === 'invalid_value')
    return `must be one of ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'too_small' && issue.origin !== 'string') {
    return `must be at least ${issue.minimum}`;
  }
  if (issue.code === 'too_big' && issue.origin !== 'string') {
    return `must be at most ${issue.maximum}`;
  }
  // The model's own sentences on texts, none of which repeats the text.
  return issue.message.replace(/^batch id /, '');
}

const articles: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a whole number',
  string: 'a text',
  boolean: 'true or false',
};
