import { describe, expect, it } from 'vitest';
import { checkDefinition, type CheckOptions } from '../../../workflow/checks/check-definition.ts';
import { CheckRefusedError, type RuleName } from '../../../workflow/checks/finding.ts';
import { branch, functionArn, machine, task } from './machines.ts';

const succeed = { Type: 'Succeed' };
const fail = { Type: 'Fail', Error: 'Failed', Cause: 'It failed.' };
const pass = (Next: string, Assign: Record<string, unknown> = {}) => ({
  Type: 'Pass',
  Next,
  Assign,
});
const choice = (Choices: [condition: unknown, next: string][], Default?: string) => ({
  Type: 'Choice',
  Choices: Choices.map(([Condition, Next]) => ({ Condition, Next })),
  Default,
});

/** What one rule finds, as its places. */
function found(
  rule: RuleName,
  states: Record<string, unknown>,
  options: Partial<CheckOptions> = {},
): string[] {
  return checkDefinition(machine(states), { throwableErrors: [], ...options })
    .filter((finding) => finding.rule === rule)
    .map(({ path }) => path);
}

/** The rules and the Default of one Choice that are found never to be taken. */
function shadowed(conditions: unknown[], hasDefault = true): string[] {
  const states = {
    Start: pass('Which?'),
    'Which?': choice(
      conditions.map((condition, i) => [condition, `Way ${i}`]),
      hasDefault ? 'Otherwise' : undefined,
    ),
    ...Object.fromEntries(conditions.map((_, i) => [`Way ${i}`, succeed])),
    Otherwise: succeed,
  };
  return found('shadowed-rule', states).map((path) => path.replace('/States/Which?/', ''));
}

describe('an unreachable state', () => {
  it('is found, inside a Map and a Parallel as well', () => {
    const lost = branch({ In: { Type: 'Pass', End: true }, Lost: succeed });

    expect(
      found('unreachable-state', {
        Each: { Type: 'Map', ItemProcessor: lost, Next: 'Both' },
        Both: { Type: 'Parallel', Branches: [branch({ Fine: succeed }), lost], End: true },
        Nowhere: succeed,
      }),
    ).toEqual([
      '/States/Nowhere',
      '/States/Each/ItemProcessor/States/Lost',
      '/States/Both/Branches[1]/States/Lost',
    ]);
  });

  it('is found where only a shadowed rule or a hidden catcher leads to it', () => {
    const states = {
      Work: task({
        Next: 'Which?',
        Catch: [
          { ErrorEquals: ['States.ALL'], Next: 'Failed' },
          { ErrorEquals: ['OddError'], Next: 'Odd' },
        ],
      }),
      'Which?': choice(
        [
          ['{% $x = 1 %}', 'Failed'],
          ['{% $x = 1 %}', 'Twice'],
        ],
        'Failed',
      ),
      Failed: fail,
      Odd: fail,
      Twice: fail,
    };

    expect(found('unreachable-state', states)).toEqual(['/States/Odd', '/States/Twice']);
  });
});

describe('a shadowed Choice rule', () => {
  it.each<[string, unknown[], string[]]>([
    ['the same condition, spaced differently', ['{% $a.b=1 %}', '{% $a.b  = 1 %}'], ['Choices[1]']],
    ['any rule behind a constant true', [true, '{% $x %}'], ['Choices[1]', 'Default']],
    [
      'any rule behind a constant true in JSONata',
      ['{% true %}', '{% $x %}'],
      ['Choices[1]', 'Default'],
    ],
    ['a constant false', [false, '{% $x = 1 %}'], ['Choices[0]']],
    ['one value behind all others', ['{% $s != "Done" %}', '{% $s = "Failed" %}'], ['Choices[1]']],
    ['a narrower range', ['{% $n < 10 %}', '{% $n <= 3 %}'], ['Choices[1]']],
    ['a constant on the left', ['{% 10 > $n %}', '{% $n = 3 %}'], ['Choices[1]']],
    ['a value of an earlier list', ['{% $s in ["a", "b"] %}', '{% $s = "b" %}'], ['Choices[1]']],
    [
      'a condition with one more demand',
      ['{% $a = 1 %}', '{% $a = 1 and $ready %}'],
      ['Choices[1]'],
    ],
    [
      'what earlier rules cover together',
      ['{% $n < 5 %}', '{% $n > 4 %}', '{% $n < 100 %}'],
      ['Choices[2]', 'Default'],
    ],
    ['a Default behind both sides of a number', ['{% $n < 3 %}', '{% $n >= 3 %}'], ['Default']],
    ['a condition that contradicts itself', ['{% $n = 1 and $n = 2 %}'], ['Choices[0]']],
    ['the same in other words', ['{% $not($x = 1) %}', '{% $x = 2 or $x = 3 %}'], ['Choices[1]']],
  ])('is found: %s', (_, conditions, places) => {
    expect(shadowed(conditions)).toEqual(places);
  });

  it.each<[string, unknown[]]>([
    ['a wider range', ['{% $n < 3 %}', '{% $n < 10 %}']],
    ['another value', ['{% $s = "a" %}', '{% $s = "b" %}']],
    ['another variable', ['{% $a = 1 %}', '{% $b = 1 %}']],
    ['a boolean, which may be neither', ['{% $x = true %}', '{% $x = false %}']],
    ['a gap between two ranges', ['{% $n < 3 %}', '{% $n > 4 %}', '{% $n = 3.5 %}']],
    ['the next text', ['{% $s <= "a" %}', '{% $s < "b" %}']],
    ['a value that may be absent', ['{% $x != 1 %}', '{% $not($exists($x)) %}']],
    ['chance, which is asked again', ['{% $random() < 0.5 %}', '{% $random() < 0.5 %}']],
    ['two subjects whose relation is not decided', ['{% $a < $b %}', '{% $b > $a %}']],
  ])('is not: %s', (_, conditions) => {
    expect(shadowed(conditions)).toEqual([]);
  });

  it('is found by its text even where there are too many values to try', () => {
    const many = (last: string) =>
      `{% ${['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `$${name} in [1, 2, 3, 4, 5, 6]`).join(' or ')} or ${last} %}`;

    expect(shadowed([many('$g'), many('$h'), many('$g')])).toEqual(['Choices[2]']);
  });

  it('says which rule hides it', () => {
    const [finding] = checkDefinition(
      machine({
        'Which?': choice([
          ['{% $states.input.n < 10 %}', 'Low'],
          ['{% $states.input.n < 3 %}', 'Lower'],
        ]),
        Low: succeed,
        Lower: succeed,
      }),
      { throwableErrors: [] },
    ).filter(({ rule }) => rule === 'shadowed-rule');

    expect(finding?.sentence).toBe('rule 1 is never taken: rule 0 is true whenever it is');
  });
});

describe('a failure that ends well', () => {
  const caught = (after: Record<string, unknown>, options?: Partial<CheckOptions>) =>
    found(
      'failure-ends-well',
      {
        Work: task({ Next: 'Done', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'After' }] }),
        After: after,
        Done: succeed,
        Failed: fail,
      },
      options,
    );

  it.each<[string, Record<string, unknown>]>([
    ['a Succeed', { ...pass('Done') }],
    ['End: true', { Type: 'Pass', End: true }],
  ])('is found in %s', (_, after) => {
    expect(caught(after)).toEqual(['/States/Work/Catch[0]']);
  });

  it.each<[string, Record<string, unknown>]>([
    ['a Fail', pass('Failed')],
    ['the same state again', pass('Work')],
  ])('is none when it leads to %s', (_, after) => {
    expect(caught(after)).toEqual([]);
  });

  it('is none when the caller gives a reason, for the state that fails or for the end', () => {
    expect(caught(pass('Done'), { toleratedFailures: { Work: 'It may.' } })).toEqual([]);
    expect(
      caught({ Type: 'Pass', End: true }, { toleratedFailures: { After: 'It tells.' } }),
    ).toEqual([]);
  });

  it('is found behind a rule that asks for a status of failure, and not behind one that excludes it', () => {
    const states = (condition: string) => ({
      'Which?': choice([[condition, 'Done']], 'Failed'),
      Done: succeed,
      Failed: fail,
    });

    expect(
      found('failure-ends-well', states('{% $states.input.s in ["Failed", "TimedOut"] %}')),
    ).toEqual(['/States/Which?/Choices[0]']);
    expect(found('failure-ends-well', states('{% $states.input.s != "Failed" %}'))).toEqual([]);
  });

  it('is found behind a state that the caller names, and behind items that may fail', () => {
    const states = {
      Each: {
        Type: 'Map',
        ToleratedFailurePercentage: 100,
        ItemProcessor: branch({ One: { Type: 'Pass', End: true } }),
        Next: 'Odd',
      },
      Odd: pass('Done'),
      Done: succeed,
    };

    expect(found('failure-ends-well', states, { failureStates: ['Odd'] })).toEqual([
      '/States/Each',
      '/States/Odd',
    ]);
  });
});

describe('a skipped termination', () => {
  const lifecycle = (changes: Record<string, unknown> = {}) => ({
    Launch: task({ Next: 'Work', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'End It' }] }),
    Work: task({ Next: 'End It', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'End It' }] }),
    'End It': task({ Next: 'Done' }),
    Done: succeed,
    ...changes,
  });
  const skipped = (states: Record<string, unknown>, options: Partial<CheckOptions> = {}) =>
    found('skipped-termination', states, {
      launching: { states: ['Launch'] },
      terminating: { states: ['End It'] },
      ...options,
    });

  it.each<[string, Record<string, unknown>, string[]]>([
    ['nothing when every way passes it', {}, []],
    [
      'a caught error that goes past it',
      { Work: task({ Next: 'End It', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Done' }] }) },
      ['/States/Done'],
    ],
    [
      'a launch that half succeeded',
      { Launch: task({ Next: 'Work', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Done' }] }) },
      ['/States/Done'],
    ],
    [
      'an error that nothing catches',
      { Work: task({ Next: 'End It', Catch: [{ ErrorEquals: ['OddError'], Next: 'End It' }] }) },
      ['/States/Work'],
    ],
    [
      'a Choice that may find no rule',
      {
        Launch: task({ Next: 'Which?', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'End It' }] }),
        'Which?': choice([['{% $states.input.x %}', 'Work']]),
      },
      ['/States/Which?'],
    ],
  ])('finds %s', (_, changes, places) => {
    expect(skipped(lifecycle(changes))).toEqual(places);
  });

  it('takes a Map for a launch when one is inside it', () => {
    const states = {
      Each: {
        Type: 'Map',
        ItemProcessor: branch({ Launch: task({ End: true }) }),
        Next: 'End It',
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Failed' }],
      },
      'End It': task({ Next: 'Done' }),
      Done: succeed,
      Failed: fail,
    };

    expect(skipped(states)).toEqual(['/States/Failed']);
  });

  it('passes over a refusal, which started nothing', () => {
    const states = lifecycle({
      Launch: task({
        Next: 'Work',
        Catch: [
          { ErrorEquals: ['RefusedError'], Next: 'Done' },
          { ErrorEquals: ['States.ALL'], Next: 'End It' },
        ],
      }),
    });

    expect(skipped(states)).toEqual(['/States/Done']);
    expect(skipped(states, { refusals: { Launch: ['RefusedError'] } })).toEqual([]);
  });

  it('knows its tasks by their functions too', () => {
    const other = `${functionArn}-launch`;
    const states = lifecycle({
      Launch: {
        ...task({ Next: 'Done' }),
        Resource: 'arn:aws:states:::lambda:invoke',
        Arguments: { FunctionName: other },
      },
    });

    expect(skipped(states, { launching: { functions: [other] } })).toEqual([
      '/States/Launch',
      '/States/Done',
    ]);
  });
});

describe('a variable that is not assigned', () => {
  const launch = {
    Launch: task({
      Assign: { id: '{% $states.result.id %}' },
      Next: 'End It',
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'End It' }],
    }),
  };

  it('is found where one way to the state never sets it, and the way is told', () => {
    const findings = checkDefinition(
      machine({ ...launch, 'End It': task({ Arguments: { id: '{% $id %}' }, End: true }) }),
      { throwableErrors: [], toleratedFailures: { Launch: 'Not what is tested.' } },
    );

    expect(findings).toEqual([
      {
        rule: 'unassigned-variable',
        path: '/States/End It',
        sentence: 'End It reads $id, which is not assigned on the way Launch (caught) > End It',
      },
    ]);
  });

  it.each<[string, string]>([
    ['asked for with $exists', '{% $exists($id) ? $id : "none" %}'],
    ['a function’s own', '{% $map([1], function($id) { $id }) %}'],
    ['the expression’s own', '{% ($id := 1; $id) %}'],
    ['a function or the context', '{% $count($states.input) %}'],
  ])('is none when it is %s', (_, expression) => {
    const states = { ...launch, 'End It': task({ Arguments: { id: expression }, End: true }) };

    expect(found('unassigned-variable', states)).toEqual([]);
  });

  it('is found inside a Map, which sees the variables outside it', () => {
    const states = {
      Begin: pass('Each', { known: 1 }),
      Each: {
        Type: 'Map',
        ItemProcessor: branch({ One: task({ Arguments: '{% $known + $lost %}', End: true }) }),
        End: true,
      },
    };

    expect(found('unassigned-variable', states)).toEqual(['/States/Each/ItemProcessor/States/One']);
  });
});

describe('an input that is not passed on', () => {
  const reads = (field: string, catcher: Record<string, unknown> = {}, output?: unknown) => ({
    Launch: task({
      Output: output,
      Next: 'End It',
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'End It', ...catcher }],
    }),
    'End It': task({ Arguments: { id: `{% ${field} %}` }, End: true }),
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    ['the error instead', reads('$states.input.id'), ['/States/End It']],
    ['other fields', reads('$states.input.id', { Output: { code: 1 } }), ['/States/End It']],
    ['it', reads('$states.input.id', { Output: { id: 1 } }), []],
    ['an expression', reads('$states.input.id', { Output: '{% $states.input %}' }), []],
    ['the error that is read', reads('$states.input.Cause'), []],
    ['nothing that is needed', reads('$exists($states.input.id) ? $states.input.id : 0'), []],
    ['no field after a success', reads('$states.input.Cause', {}, {}), ['/States/End It']],
  ])('is found or not when a state passes on %s', (_, states, places) => {
    expect(found('lost-input', states)).toEqual(places);
  });
});

describe('a loop without a bound', () => {
  const loop = (
    again: string,
    assign: Record<string, unknown>,
    start: Record<string, unknown> = { n: 0 },
  ) => ({
    Begin: pass('Work', start),
    Work: task({ Next: 'Again?', Assign: { answer: '{% $states.result %}' } }),
    'Again?': {
      Type: 'Choice',
      Choices: [{ Condition: again, Next: 'Work', Assign: assign }],
      Default: 'Done',
    },
    Done: succeed,
  });

  it.each<[string, string, Record<string, unknown>]>([
    ['compared with a number', '{% $n < 3 %}', { n: '{% $n + 1 %}' }],
    ['one of several demands', '{% $n < 3 and $answer = "busy" %}', { n: '{% $n + 1 %}' }],
    ['counted down', '{% $n > 0 %}', { n: '{% $n - 1 %}' }],
    ['compared with what the loop leaves alone', '{% $n < $limit %}', { n: '{% $n + 1 %}' }],
  ])('is none with a counter %s', (_, again, assign) => {
    expect(found('unbounded-loop', loop(again, assign))).toEqual([]);
  });

  it.each<[string, string, Record<string, unknown>]>([
    ['nothing is counted', '{% $answer = "busy" %}', {}],
    ['the counter is compared but never raised', '{% $n < 3 %}', {}],
    ['the counter is raised but never compared', '{% $answer = "busy" %}', { n: '{% $n + 1 %}' }],
    ['the counter is compared the wrong way round', '{% $n > 3 %}', { n: '{% $n + 1 %}' }],
    [
      'the counter is one of two reasons',
      '{% $n < 3 or $answer = "busy" %}',
      { n: '{% $n + 1 %}' },
    ],
    ['the counter starts again', '{% $n < 3 %}', { n: 0 }],
    [
      'the limit moves along',
      '{% $n < $limit %}',
      { n: '{% $n + 1 %}', limit: '{% $limit + 1 %}' },
    ],
    ['a clock decides', '{% $millis() < $n %}', { n: '{% $n + 1 %}' }],
  ])('is found when %s', (_, again, assign) => {
    expect(found('unbounded-loop', loop(again, assign))).toEqual(['/States/Work']);
  });

  const count = '$states.context.Execution.RedriveCount';
  const noted = { n: `{% ${count} %}` };

  it.each<[string, string]>([
    ['greater than the note', `{% ${count} > $n %}`],
    ['greater than the note, written the other way round', `{% $n < ${count} %}`],
    ['greater than the note, among other demands', `{% $answer = "no" and ${count} > $n %}`],
  ])('is none when it waits for a redrive: the count is %s', (_, again) => {
    expect(found('unbounded-loop', loop(again, noted, noted))).toEqual([]);
  });

  it.each<[string, string, Record<string, unknown>]>([
    ['a redrive is waited for once', `{% ${count} > $n %}`, {}],
    ['any redrive will do', `{% ${count} > 0 %}`, noted],
    ['the count may be the one that was noted', `{% ${count} >= $n %}`, noted],
    ['a redrive is one of two reasons', `{% ${count} > $n or $answer = "no" %}`, noted],
    ['what is noted is another count', `{% ${count} > $n %}`, { n: '{% $states.result %}' }],
    ['the note is no count', `{% ${count} > $n %}`, { n: 0 }],
  ])('is found when %s', (_, again, assign) => {
    expect(found('unbounded-loop', loop(again, assign, noted))).toEqual(['/States/Work']);
  });

  it('is none when the way out is asked for first', () => {
    const states = {
      ...loop('', {}),
      'Again?': {
        Type: 'Choice',
        Assign: { n: '{% $n + 1 %}' },
        Choices: [{ Condition: '{% $n >= 3 %}', Next: 'Done' }],
        Default: 'Work',
      },
    };

    expect(found('unbounded-loop', states)).toEqual([]);
  });

  it('is found beside a bounded one over the same states', () => {
    const states = loop('{% $n < 3 %}', { n: '{% $n + 1 %}' });
    const leak = task({
      Next: 'Again?',
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Work' }],
    });

    expect(found('unbounded-loop', { ...states, Work: leak })).toEqual(['/States/Work']);
  });

  it('is none where an inner loop starts its counter again in a bounded outer one', () => {
    const states = {
      Begin: pass('Outer', { n: 0 }),
      Outer: pass('Inner', { m: 0 }),
      Inner: task({ Next: 'Inner Again?' }),
      'Inner Again?': {
        Type: 'Choice',
        Choices: [{ Condition: '{% $m < 3 %}', Next: 'Inner', Assign: { m: '{% $m + 1 %}' } }],
        Default: 'Outer Again?',
      },
      'Outer Again?': {
        Type: 'Choice',
        Choices: [{ Condition: '{% $n < 3 %}', Next: 'Outer', Assign: { n: '{% $n + 1 %}' } }],
        Default: 'Done',
      },
      Done: succeed,
    };

    expect(found('unbounded-loop', states)).toEqual([]);
  });
});

describe('a Task', () => {
  it('without a timeout is found', () => {
    const states = { Work: task({ TimeoutSeconds: undefined, End: true }) };

    expect(found('no-timeout', states)).toEqual(['/States/Work']);
  });

  it.each<[number | string, string[]]>([
    [60, ['/States/Work/HeartbeatSeconds']],
    [61, ['/States/Work/HeartbeatSeconds']],
    [59, []],
    ['{% $seconds %}', []],
  ])('of 60 s with a heartbeat of %s has %j', (HeartbeatSeconds, places) => {
    expect(found('heartbeat-too-long', { Work: task({ HeartbeatSeconds, End: true }) })).toEqual(
      places,
    );
  });
});

describe('a retrier or catcher', () => {
  const rules = (...names: string[][]) => ({
    Work: task({
      Catch: names.map((ErrorEquals) => ({ ErrorEquals, Next: 'Failed' })),
      Retry: names.map((ErrorEquals) => ({ ErrorEquals })),
      Next: 'Failed',
    }),
    Failed: fail,
  });
  const both = (i: number) => [`/States/Work/Retry[${i}]`, `/States/Work/Catch[${i}]`];

  it.each<[string, string[][], string[]]>([
    ['behind States.ALL', [['States.ALL'], ['OddError']], both(1)],
    [
      'for a name that is taken',
      [
        ['OddError', 'B'],
        ['C', 'OddError'],
      ],
      both(1),
    ],
    ['behind States.TaskFailed', [['States.TaskFailed'], ['OddError']], both(1)],
    [
      'for heartbeats behind the timeout',
      [['States.Timeout'], ['States.HeartbeatTimeout']],
      both(1),
    ],
    ['for what is left over', [['OddError'], ['States.TaskFailed'], ['States.ALL']], []],
  ])('%s is found or not', (_, names, places) => {
    expect(found('hidden-error-rule', rules(...names))).toEqual(places);
  });

  it('for an error that nothing throws is found', () => {
    const states = rules(
      ['OddError'],
      ['States.Timout'],
      ['States.HeartbeatTimeout'],
      ['States.ALL'],
    );

    expect(found('unthrown-error', states, { throwableErrors: ['OddError'] })).toEqual([
      '/States/Work/Retry[1]',
      '/States/Work/Retry[2]',
      '/States/Work/Catch[1]',
      '/States/Work/Catch[2]',
    ]);
  });

  it('of a Map may name what its states throw', () => {
    const each = (error: string) => ({
      Each: {
        Type: 'Map',
        ItemProcessor: branch({ One: task({ Next: 'Failed Item' }), 'Failed Item': fail }),
        Catch: [{ ErrorEquals: [error], Next: 'Failed' }],
        Next: 'Failed',
      },
      Failed: fail,
    });
    const throwableErrors = ({ state }: { state: string }) => (state === 'One' ? ['OddError'] : []);

    expect(found('unthrown-error', each('OddError'), { throwableErrors })).toEqual([]);
    expect(found('unthrown-error', each('Failed'), { throwableErrors })).toEqual([]);
    expect(found('unthrown-error', each('OtherError'), { throwableErrors })).toEqual([
      '/States/Each/Catch[0]',
    ]);
  });
});

describe('what the checks cannot judge', () => {
  it.each<[string, unknown, Partial<CheckOptions>, string]>([
    ['JSONPath', { StartAt: 'A', States: { A: succeed } }, {}, 'QueryLanguage'],
    [
      'a JSONPath state',
      machine({ A: { ...succeed, QueryLanguage: 'JSONPath' } }),
      {},
      '/States/A',
    ],
    ['a transition to nowhere', machine({ A: pass('B') }), {}, '/States/A/Next'],
    ['no state machine', { QueryLanguage: 'JSONata' }, {}, '/StartAt'],
    ['an unknown type of state', machine({ A: { Type: 'Odd' } }), {}, '/States/A/Type'],
    ['what is not JSONata', machine({ A: choice([['{% = %}', 'A']]) }), {}, 'JSONata'],
    ['an option in vain', machine({ A: succeed }), { launching: { states: ['B'] } }, 'names B'],
    ['a reason in vain', machine({ A: succeed }), { toleratedFailures: { B: '' } }, 'names B'],
  ])('is refused: %s', (_, definition, options, message) => {
    const check = () => checkDefinition(definition, { throwableErrors: [], ...options });

    expect(check).toThrow(CheckRefusedError);
    expect(check).toThrow(message);
  });
});
