import { describe, expect, it, vi } from 'vitest';
import { exitCodes } from '../../../client/exit-codes.ts';
import { useLaptop } from '../laptop.ts';
import { czar, czarProcess, jsonLines } from '../run-czar.ts';

const laptop = useLaptop();

describe('czar', () => {
  it('documents every exit code', async () => {
    const { code, stdout, stderr } = await czarProcess('--help');

    expect(code).toBe(0);
    for (const exitCode of Object.values(exitCodes)) {
      expect(stdout).toMatch(new RegExp(`^ {0,3}${exitCode} {2}\\S`, 'm'));
    }
    expect(stderr).toBe('');
  });

  it.each([
    ['upload'],
    ['start'],
    ['retry'],
    ['watch'],
    ['status'],
    ['graph'],
    ['evidence', 'report'],
    ['evidence', 'export'],
    ['evidence', 'verify'],
    ['evidence', 'key'],
    ['iot', 'simulate'],
    ['audit', 'access'],
    ['audit', 'key'],
    ['audit', 'leftovers'],
    ['audit', 'leaks'],
    ['results', 'get'],
    ['synthesize-data'],
    ['local', 'start'],
    ['local', 'env'],
    ['local', 'stop'],
  ])('has help on %s %s', async (...command) => {
    const { code, stdout } = await czar(...command, '--help');

    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: czar ${command.join(' ')}`);
  });

  it('tells its version', async () => {
    expect(await czarProcess('--version')).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' });
  });

  it.each([
    ['no command', [], 'a command is missing'],
    ['an unknown command', ['John-Doe.csv'], 'unknown command'],
    ['an unknown command like another', ['statsu'], 'unknown command; did you mean status?'],
    ['an unknown option', ['status', '--John-Doe'], 'unknown option'],
    [
      'a misspelt option',
      ['upload', 'a', '--paralel', '4'],
      'unknown option; did you mean --parallel?',
    ],
    ['no paths', ['upload'], "missing required argument 'paths'"],
    [
      'a number that is none',
      ['upload', 'a', '--parallel', 'John Doe'],
      '--parallel <n>: It must be a whole number from 1 to 32.',
    ],
    [
      'a number too large',
      ['upload', 'a', '--parallel', '33'],
      '--parallel <n>: It must be a whole number from 1 to 32.',
    ],
    [
      'a batch id that was not minted',
      ['status', 'John-Doe'],
      'batch: It must be an id that czar upload minted: nine letters, of which the last checks the others.',
    ],
    [
      'a media type that is none',
      ['upload', 'a', '--media-type', 'John Doe'],
      '--media-type <type>: It must be a media type like text/csv.',
    ],
    [
      'a media type that tells a name',
      ['upload', 'a', '--media-type', 'text/john'],
      '--media-type <type>: It must be a media type like text/csv.',
    ],
    [
      'a choice that is none',
      ['local', 'env', '--as', 'John Doe'],
      '--as <role>: Allowed choices are uploader, researcher, operator, auditor.',
    ],
    ['too much', ['status', 'bcdfghjkw', 'John-Doe.csv'], 'too many arguments'],
    [
      'an option without its value',
      ['upload', 'a', '--batch'],
      "option '--batch <id>' argument missing",
    ],
    ['no pipeline', ['start', 'bcdfghjkw'], "required option '--pipeline <name>' not specified"],
    [
      'nothing to watch',
      ['watch', 'arn:aws:John-Doe'],
      "batch: It must be a batch's id, or the ARN of an execution.",
    ],
  ])('refuses %s, and does not repeat it', async (_what, args, sentence) => {
    const { code, stdout, stderr } = await czar('--json', ...args);

    const message = `${sentence} (--help tells how)`;
    expect(code).toBe(64);
    expect(jsonLines(stdout)).toEqual([{ error: 'usage', message, exitCode: 64 }]);
    expect(stdout + stderr).not.toMatch(/john|\bdoe\b/i);
  });

  it.each([
    ['a study that is none', ['--study', 'John Doe', 'status'], 'study must be 3 to 20'],
    [
      'a study that tells a number',
      ['--study', 'mrn12345', 'status'],
      'study looks like it tells a medical record number',
    ],
    [
      'a ticket that is none',
      ['start', 'bcdfghjkw', '--pipeline', 'vitals-summary', '--ticket', 'John Doe'],
      'ticket must look like ABC-123',
    ],
    [
      'a ticket that tells a name',
      ['start', 'bcdfghjkw', '--pipeline', 'vitals-summary', '--ticket', 'JOHN-12'],
      "ticket looks like it tells a person's name",
    ],
    [
      'a ticket that tells a number',
      ['start', 'bcdfghjkw', '--pipeline', 'vitals-summary', '--ticket', 'MRN-123456'],
      'ticket looks like it tells a medical record number',
    ],
    [
      'a pipeline that is none',
      ['start', 'bcdfghjkw', '--pipeline', 'John Doe'],
      'pipeline must be',
    ],
    [
      'a pipeline that tells a name',
      ['start', 'bcdfghjkw', '--pipeline', 'john-doe'],
      "pipeline looks like it tells a person's name",
    ],
    [
      'a type of instance that is none',
      ['start', 'bcdfghjkw', '--pipeline', 'vitals-summary', '--instance-type', 'John'],
      'instanceType must look like m7i.large',
    ],
  ])('refuses %s before it calls AWS', async (_what, args, sentence) => {
    const calls = laptop.aws.json.calls.length;

    const { code, stdout, stderr } = await czar('--json', ...args);

    const [error] = jsonLines(stdout);
    expect(code).toBe(64);
    expect(error?.message).toContain(sentence);
    expect(stdout + stderr).not.toMatch(/john|\bdoe\b|12345/i);
    expect(laptop.aws.json.calls).toHaveLength(calls);
  });

  it('says where there is no such deployment', async () => {
    const { code, stdout } = await czar('--json', '--study', 'other', 'status');

    expect(code).toBe(69);
    expect(jsonLines(stdout)[0]).toMatchObject({ error: 'unavailable', exitCode: 69 });
  });

  it('says where the deployment describes itself in another form', async () => {
    laptop.aws.json.answers.GetParameter = () => ({
      Parameter: { Value: '{"study":"czarhipaa"}' },
    });

    const { code, stdout } = await czar('--json', 'status');

    expect(code).toBe(69);
    expect(jsonLines(stdout)[0]?.message).toContain('bring both to one version');
  });

  it('says where there is no region, and where there are no credentials', async () => {
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    vi.stubEnv('AWS_CONFIG_FILE', '/nowhere');
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nowhere');
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
    const credentials = await czarProcess('--json', 'status');
    vi.stubEnv('AWS_REGION', undefined);
    const region = await czarProcess('--json', 'status');

    expect(credentials.code).toBe(77);
    expect(jsonLines(credentials.stdout)[0]?.message).toContain(
      'there are no valid AWS credentials',
    );
    expect(region.code).toBe(69);
    expect(jsonLines(region.stdout)[0]?.message).toContain('no AWS region is set');
  });

  it('says "try again" where nobody answers', async () => {
    laptop.aws.stop();

    const { code, stdout } = await czar('--json', 'status');

    expect(code).toBe(75);
    expect(jsonLines(stdout)[0]?.message).toBe('the deployment cannot be reached (ECONNREFUSED)');
  });

  it('reports a defect of its own without the words of an error', async () => {
    laptop.aws.json.answers.Query = () => ({ Items: 'John Doe' });

    const { code, stdout, stderr } = await czarProcess('--json', 'status');

    expect(code).toBe(70);
    expect(jsonLines(stdout)[0]?.message).toMatch(/^a defect of czar: \w+( at [\w/.-]+:\d+:\d+)?$/);
    expect(stdout + stderr).not.toContain('John');
  });
});
