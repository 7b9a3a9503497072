import jsonata from 'jsonata';
import { describe, expect, it } from 'vitest';
import { parseExpression } from '../../../workflow/checks/expression.ts';
import { possibleRules } from '../../../workflow/checks/possible-rules.ts';

/** Values of `$x`, on both sides of every constant below and of every kind. */
const samples: unknown[] = [
  ...[-4, -3, -2.5, -1, 0, 1, 1.5, 2, 2.5, 3, 3.5, 4, 10, 11],
  ...['', '\u0000', 'a', 'aa', 'b', 'bb', 'c'],
  ...[true, false, null, undefined, {}, { any: 1 }],
];

/** The rule that JSONata itself takes first; undefined where Step Functions would fail. */
async function takenFor(conditions: readonly string[], x: unknown): Promise<number | undefined> {
  try {
    for (const [i, condition] of conditions.entries()) {
      const holds: unknown = await jsonata(condition).evaluate({}, { x });
      if (typeof holds !== 'boolean') return undefined;
      if (holds) return i;
    }
    return conditions.length;
  } catch {
    return undefined;
  }
}

describe('the rules that can be taken', () => {
  it.each([
    [['$x = 1', '$x != 1']],
    [['$x < 3', '$x <= 3', '$x > 3']],
    [['$x >= -3', '$x < -3']],
    [['$x < "b"', '$x >= "b"']],
    [['$x in [1, "a", null]', '$x = "a"', '$x = 2']],
    [['$not($x = 1)', '$x']],
    [['$exists($x)', '$x = 1']],
    [['$not($x)', '$boolean($x)']],
    [['$x and $x < 3', '$x = 0', '$x or $x = 0']],
    [['$x = 1 or $x > 10', '$x < 3 and $x > 2', '$x != "a"']],
    [['$x > 1 ? $x < 3 : $x = 1', '$x = 2', '$x >= 1']],
    [['null = $x', '$x = true', '$x = false', '$x']],
    [['(3 > $x)', '$x = 3']],
  ])('of %j are those that JSONata takes for some value', async (conditions) => {
    const nodes = conditions.map((condition) => parseExpression(`{% ${condition} %}`)!);

    const taken = await Promise.all(samples.map((x) => takenFor(conditions, x)));

    expect([...possibleRules(nodes)].sort()).toEqual(
      [...new Set(taken)].filter((rule) => rule !== undefined).sort(),
    );
  });
});
