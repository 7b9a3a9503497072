import { readFileSync } from 'node:fs';
import {
  type IPolicyValidationContext,
  type IPolicyValidationPlugin,
  type PolicyValidationPluginReport,
  type PolicyViolation,
  Stack,
} from 'aws-cdk-lib';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { IConstruct } from 'constructs';
import * as z from 'zod';
import { type CheckOptions, checkDefinition } from '../workflow/checks/check-definition.ts';
import { CheckRefusedError } from '../workflow/checks/finding.ts';
import type { MachineFacts } from '../workflow/lifecycle-checks.ts';
import { TaskFunction } from './constructs/task-function.ts';
import { errorsThrownBy } from './thrown-errors.ts';

/** A state machine, and what the checks have to know about it. */
export interface KnownMachine {
  readonly machine: IStateMachine;
  readonly facts: (nameOf: (task: string) => string) => MachineFacts;
}

const Template = z.object({
  Resources: z.record(
    z.string(),
    z.object({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).optional() }),
  ),
});

const Join = z.object({ 'Fn::Join': z.tuple([z.string(), z.array(z.unknown())]) });

/**
 * Fails a synth that has a state machine in which the static checks find something.
 *
 * Every state machine of the templates is read as it would be deployed; one that is not known, for
 * what can be found without facts about it.
 */
export class StateMachineChecks implements IPolicyValidationPlugin {
  readonly name = 'StateMachineChecks';
  readonly #known: readonly KnownMachine[];

  constructor(known: readonly KnownMachine[]) {
    this.#known = known;
  }

  validate(context: IPolicyValidationContext): PolicyValidationPluginReport {
    const functions = context.appConstruct.node
      .findAll()
      .filter((construct) => construct instanceof TaskFunction);
    const violations = context.stackTemplates.flatMap(({ stackConstructPath, templatePath }) => {
      const isHere = (construct: IConstruct) =>
        Stack.of(construct).node.path === stackConstructPath;
      const options = optionsOf(
        this.#known.filter(({ machine }) => isHere(machine)),
        functions.filter(isHere),
      );
      return machinesIn(templatePath).flatMap(([resourceLogicalId, definition]) =>
        violationsOf(definition, options(resourceLogicalId)).map((violation) => ({
          ...violation,
          violatingResources: [
            { resourceLogicalId, templatePath, locations: ['Properties/DefinitionString'] },
          ],
        })),
      );
    });
    return { success: violations.length === 0, violations };
  }
}

/** Answers the checks' options for a stack's machine, by logical id. */
function optionsOf(
  known: readonly KnownMachine[],
  functions: readonly TaskFunction[],
): (logicalId: string) => CheckOptions {
  const names = new Map(functions.map((its) => [its.task, nameIn(its, its.function.functionArn)]));
  const tasks = new Map(Array.from(names, ([task, name]) => [name, task]));
  const nameOf = (task: string) => names.get(task) ?? task;
  const facts = new Map(
    known.map(({ machine, facts }) => [nameIn(machine, machine.stateMachineArn), facts(nameOf)]),
  );
  return (logicalId) => ({
    ...facts.get(asText({ Ref: logicalId })),
    throwableErrors: ({ functionName = '' }) => {
      const task = tasks.get(functionName);
      return task === undefined ? [] : errorsThrownBy(task);
    },
  });
}

/** The definitions of a template's state machines, by logical id. */
function machinesIn(templatePath: string): [string, unknown][] {
  const { Resources } = Template.parse(JSON.parse(readFileSync(templatePath, 'utf8')));
  return Object.entries(Resources)
    .filter(([, { Type }]) => Type === 'AWS::StepFunctions::StateMachine')
    .map(([logicalId, { Properties }]) => [logicalId, Properties?.DefinitionString]);
}

function violationsOf(
  definition: unknown,
  options: CheckOptions,
): Omit<PolicyViolation, 'violatingResources'>[] {
  const severity = 'error';
  try {
    return checkDefinition(JSON.parse(asText(definition)), options).map(
      ({ rule, path, sentence }) => ({
        ruleName: rule,
        description: `${path}: ${sentence}`,
        severity,
      }),
    );
  } catch (error) {
    if (!(error instanceof CheckRefusedError) && !(error instanceof SyntaxError)) throw error;
    return [{ ruleName: 'unreadable-definition', description: error.message, severity }];
  }
}

/** How a definition in the construct's own stack names what this token is of. */
function nameIn(construct: IConstruct, token: string): string {
  return asText(Stack.of(construct).resolve(token));
}

/** A value of a template as one text, with a name in it for all that is known at deployment only. */
function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  const join = Join.safeParse(value);
  if (join.success) {
    const [separator, parts] = join.data['Fn::Join'];
    return parts.map(asText).join(separator);
  }
  // Without double quotes, since it stands inside JSON's.
  return JSON.stringify(value ?? null).replaceAll('"', "'");
}
