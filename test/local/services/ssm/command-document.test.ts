import { describe, expect, it } from 'vitest';
import {
  readCommandDocument,
  renderScript,
} from '../../../../local/services/ssm/command-document.ts';

const step = {
  action: 'aws:runShellScript',
  name: 'run',
  inputs: { timeoutSeconds: '60', runCommand: ["echo '{{ one }}' {{two}}", 'exit'] },
};
const content = {
  schemaVersion: '2.2',
  parameters: {
    one: { type: 'String', allowedPattern: '^\\w+$' },
    two: { type: 'String', default: 'second' },
  },
  mainSteps: [step],
};
const read = (properties: Record<string, unknown>) =>
  readCommandDocument(
    { stack: 'Workers', logicalId: 'Document', type: 'AWS::SSM::Document', properties, tags: {} },
    'made-up-name',
  );

describe('a document', () => {
  it('becomes a script with its parameters filled in', () => {
    const document = read({ DocumentType: 'Command', Content: content });

    const script = renderScript(document, { one: ['first'] });

    expect(document.name).toBe('made-up-name');
    expect(script).toBe("echo 'first' second\nexit\n");
  });

  it('fills in no parameter that a parameter brings', () => {
    const parameters = { one: { type: 'String' }, two: { type: 'String' } };
    const document = read({ DocumentType: 'Command', Content: { ...content, parameters } });

    const script = renderScript(document, { one: ['{{ two }}'], two: ['$&'] });

    expect(script).toBe("echo '{{ two }}' $&\nexit\n");
  });

  it.each([
    ['another type of document', { DocumentType: 'Automation', Content: content }, 'DocumentType'],
    [
      'an unknown property',
      { DocumentType: 'Command', Content: content, Requires: [] },
      'Requires',
    ],
    [
      'another schema',
      { DocumentType: 'Command', Content: { ...content, schemaVersion: '1.2' } },
      'Content.schemaVersion',
    ],
    [
      'two steps',
      { DocumentType: 'Command', Content: { ...content, mainSteps: [step, step] } },
      'Content.mainSteps',
    ],
    [
      'a precondition',
      {
        DocumentType: 'Command',
        Content: { ...content, mainSteps: [{ ...step, precondition: {} }] },
      },
      'Content.mainSteps.0.precondition is not supported by the embedded cloud',
    ],
    [
      'a parameter that is not declared',
      { DocumentType: 'Command', Content: { ...content, parameters: {} } },
      'Content.mainSteps: runCommand names a parameter that is not declared',
    ],
    [
      'a time limit beyond two days',
      {
        DocumentType: 'Command',
        Content: {
          ...content,
          mainSteps: [{ ...step, inputs: { ...step.inputs, timeoutSeconds: '172801' } }],
        },
      },
      'Content.mainSteps.0.inputs.timeoutSeconds',
    ],
  ])('is refused by name for %s', (_, properties, named) => {
    expect(() => read(properties)).toThrow(`Workers/Document (AWS::SSM::Document): ${named}`);
  });
});
