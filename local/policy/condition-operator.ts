import { matchesArn } from './arn-pattern.ts';
import { globText, matchesGlob, type Glob } from './glob.ts';
import { isInRange, isIpRange } from './ip-range.ts';
import { hasVariables } from './policy-variable.ts';
import type { Truth } from './truth.ts';

/** One condition operator without its qualifiers. */
export interface ConditionOperator {
  /** Whether it is one of the `Not` operators, which hold when no policy value matches. */
  readonly negated: boolean;
  /** Whether its policy values may use policy variables. */
  readonly variables: boolean;
  /** Whether a policy value has the form the operator needs; checked when the policy is loaded. */
  accepts(policyValue: string): boolean;
  /** The comparison of the positive form, of one value of the request with one of the policy. */
  compare(requestValue: string, policyValue: Glob): Truth;
}

/** A condition operator as a policy spells it, with its qualifiers taken off. */
export interface QualifiedOperator {
  readonly operator: ConditionOperator | 'Null';
  readonly set: 'ForAllValues' | 'ForAnyValue' | undefined;
  readonly ifExists: boolean;
}

/** Four digits are left out: AWS's forms would allow to read them as a year, too. */
const epochSeconds = /^\d{5,}$/;
const w3cDate = /^\d{4}-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?)?$/;

function parseNumber(text: string): number {
  return text.trim() === '' ? NaN : Number(text);
}

/** Milliseconds of an ISO 8601 date in one of the W3C forms, or of seconds since 1970. */
function parseDate(text: string): number {
  if (epochSeconds.test(text)) return Number(text) * 1000;
  return w3cDate.test(text) ? Date.parse(text) : NaN;
}

/** A pair of operators on text: the positive one and its negation. */
function textual(name: string, negatedName: string, compare: ConditionOperator['compare']) {
  const accepts = () => true;
  return {
    [name]: { negated: false, variables: true, accepts, compare },
    [negatedName]: { negated: true, variables: true, accepts, compare },
  };
}

/**
 * Whether a pattern can be an ARN at all; one with variables is only known when they have their
 * values.
 */
function isArnPattern(pattern: string): boolean {
  return hasVariables(pattern) || pattern.split(':').length >= 6;
}

function arns(name: string, negatedName: string) {
  const both = {
    variables: true,
    accepts: isArnPattern,
    compare: (value: string, arn: Glob) => matchesArn(arn, value),
  };
  return { [name]: { negated: false, ...both }, [negatedName]: { negated: true, ...both } };
}

/** The six operators on values with an order. */
function ordered(
  prefix: string,
  parse: (text: string) => number,
): Record<string, ConditionOperator> {
  const operator = (
    test: (left: number, right: number) => boolean,
    negated = false,
  ): ConditionOperator => ({
    negated,
    variables: false,
    accepts: (value) => Number.isFinite(parse(value)),
    compare: (value, limit) => {
      const left = parse(value);
      return Number.isFinite(left) ? test(left, parse(globText(limit))) : undefined;
    },
  });
  return {
    [`${prefix}Equals`]: operator((left, right) => left === right),
    [`${prefix}NotEquals`]: operator((left, right) => left === right, true),
    [`${prefix}LessThan`]: operator((left, right) => left < right),
    [`${prefix}LessThanEquals`]: operator((left, right) => left <= right),
    [`${prefix}GreaterThan`]: operator((left, right) => left > right),
    [`${prefix}GreaterThanEquals`]: operator((left, right) => left >= right),
  };
}

function addresses(negated: boolean): ConditionOperator {
  return {
    negated,
    variables: false,
    accepts: isIpRange,
    compare: (address, block) => isInRange(address, globText(block)),
  };
}

const truthValues = ['true', 'false'];

const bool: ConditionOperator = {
  negated: false,
  variables: false,
  accepts: (value) => truthValues.includes(value),
  compare: (value, expected) =>
    truthValues.includes(value) ? value === globText(expected) : undefined,
};

const operators = new Map<string, ConditionOperator>(
  Object.entries({
    ...textual('StringEquals', 'StringNotEquals', (value, text) => value === globText(text)),
    ...textual(
      'StringEqualsIgnoreCase',
      'StringNotEqualsIgnoreCase',
      (value, text) => value.toLowerCase() === globText(text).toLowerCase(),
    ),
    ...textual('StringLike', 'StringNotLike', (value, pattern) => matchesGlob(pattern, value)),
    ...arns('ArnEquals', 'ArnNotEquals'),
    ...arns('ArnLike', 'ArnNotLike'),
    ...ordered('Numeric', parseNumber),
    ...ordered('Date', parseDate),
    Bool: bool,
    IpAddress: addresses(false),
    NotIpAddress: addresses(true),
  }),
);

/**
 * Reads the name of a condition operator; undefined for one that is not implemented.
 *
 * `Null` takes no qualifier. `BinaryEquals` is not implemented.
 *
 * @see IAM User Guide, "IAM JSON policy elements: Condition operators"
 */
export function readOperator(name: string): QualifiedOperator | undefined {
  if (name === 'Null') return { operator: 'Null', set: undefined, ifExists: false };
  const set = (['ForAllValues', 'ForAnyValue'] as const).find((word) =>
    name.startsWith(`${word}:`),
  );
  const unqualified = set === undefined ? name : name.slice(set.length + 1);
  const ifExists = unqualified.endsWith('IfExists');
  const operator = operators.get(ifExists ? unqualified.slice(0, -'IfExists'.length) : unqualified);
  return operator === undefined ? undefined : { operator, set, ifExists };
}

/** Whether a policy value has the form its operator needs; `Null` takes `true` or `false`. */
export function acceptsValue({ operator }: QualifiedOperator, value: string): boolean {
  return operator === 'Null' ? truthValues.includes(value) : operator.accepts(value);
}
