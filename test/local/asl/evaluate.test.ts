import { describe, expect, test } from 'vitest';
import { EvaluationError, Evaluator } from '../../../local/asl/evaluate.ts';
import { stepFunctions } from '../../../local/asl/functions.ts';
import { VirtualClock } from '../../../local/clock.ts';
import type { Json } from '../../../local/asl/json.ts';

const functions = stepFunctions({
  clock: new VirtualClock(new Date('2026-03-01T08:00:00.000Z')),
  random: () => 0.25,
});

function evaluate(template: Json, bindings: Record<string, unknown> = {}): Promise<Json> {
  return new Evaluator().evaluate(template, 'Output', { ...functions, ...bindings });
}

describe('a template', () => {
  test('keeps everything that is not exactly one expression', async () => {
    const template = { text: ' {% 1 %}', path: '$states.input', list: [null, 0.1, { deep: true }] };

    expect(await evaluate(template)).toEqual(template);
  });

  test('has its expressions replaced at any depth', async () => {
    const template = { sum: '{% 1 + 2 %}', list: ['{% $x %}', { y: '{% $x.y %}' }] };

    expect(await evaluate(template, { x: { y: 'z' } })).toEqual({
      sum: 3,
      list: [{ y: 'z' }, { y: 'z' }],
    });
  });

  test('gets null where an expression gives null', async () => {
    expect(await evaluate('{% null %}')).toBeNull();
  });

  test('gets plain arrays, without the marks of JSONata', async () => {
    const value = await evaluate('{% $x.y %}', { x: [{ y: 1 }, { y: 2 }] });

    expect(Object.keys(value as object)).toEqual(['0', '1']);
  });

  test('shares nothing with what it was made from', async () => {
    const x = { y: [1] };

    const value = (await evaluate('{% $x %}', { x })) as { y: number[] };
    value.y.push(2);

    expect(x).toEqual({ y: [1] });
  });
});

describe('an expression without a usable result', () => {
  const cases: [string, string][] = [
    [
      '$nothing',
      "The JSONata expression '$nothing' specified for the field 'Output' returned nothing (undefined).",
    ],
    [
      '$sum',
      "The JSONata expression '$sum' specified for the field 'Output' returned a function, which is not JSON.",
    ],
    [
      '$eval("1")',
      "The JSONata expression '$eval(\"1\")' specified for the field 'Output' threw an error during evaluation. T1006: Attempted to invoke a non-function",
    ],
    [
      "'a' + 1",
      "The JSONata expression ''a' + 1' specified for the field 'Output' threw an error during evaluation. T2001: The left side of the \"+\" operator must evaluate to a number",
    ],
  ];

  test.each(cases)('%s', async (expression, message) => {
    await expect(evaluate(`{% ${expression} %}`)).rejects.toThrow(
      new EvaluationError(message, 'Output'),
    );
  });

  test('names its place in the template', async () => {
    await expect(evaluate({ a: [1, { b: '{% $nothing %}' }] })).rejects.toMatchObject({
      location: 'Output/a[1]/b',
    });
  });

  test('ends when it would not by itself', async () => {
    await expect(evaluate('{% ($f := function($n) { 1 + $f($n + 1) }; $f(0)) %}')).rejects.toThrow(
      'D1011',
    );
  });
});

describe('the functions of Step Functions', () => {
  const cases: [string, Json][] = [
    ['$partition([1..5], 2)', [[1, 2], [3, 4], [5]]],
    ['$partition([], 2)', []],
    ['$range(1, 9, 3)', [1, 4, 7]],
    ['$range(5, 1, -2)', [5, 3, 1]],
    ['$random()', 0.25],
    ['$random(7) = $random(7)', true],
    ['$random(7) = $random(8)', false],
    ['$uuid()', '44444444-4444-4444-8444-444444444444'],
    ['$parse(\'{"a":[1]}\')', { a: [1] }],
    ['$millis()', 1772352000000],
    ['$now()', '2026-03-01T08:00:00.000Z'],
    ["$now('[Y0001]-[M01]')", '2026-03'],
  ];

  test.each(cases)('%s', async (expression, result) => {
    expect(await evaluate(`{% ${expression} %}`)).toEqual(result);
  });

  test('hash with each of the algorithms', async () => {
    const lengths = await evaluate(
      "{% ['MD5', 'SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'].$length($hash('abc', $)) %}",
    );

    expect(lengths).toEqual([32, 40, 64, 96, 128]);
    expect(await evaluate("{% $hash('abc', 'MD5') %}")).toBe('900150983cd24fb0d6963f7d28e17f72');
  });

  test.each([
    '$partition([1], 0)',
    '$range(0, 1, 0)',
    '$range(0, 1e9, 1)',
    "$hash('abc', 'CRC32')",
    "$parse('{')",
  ])('%s is refused', async (expression) => {
    await expect(evaluate(`{% ${expression} %}`)).rejects.toThrow('D3137');
  });
});
