import jsonata from 'jsonata';
import { typeOfJson, type Json } from './json.ts';

/** Guards against expressions that would never end or fill the memory. AWS has such limits too, other ones. */
const LIMITS = { timeout: 5_000, stack: 500, sequence: 1_000_000 };

/**
 * An expression has no result that a state can use.
 *
 * `message` is AWS's wording without its first sentence, which names the state; `location` is the field, as
 * in `Output/result` or `Catch[1]/Assign/attempts`.
 */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError';
  readonly location: string;

  constructor(message: string, location: string) {
    super(message);
    this.location = location;
  }
}

/** The expression inside `{% %}`; undefined for any other text, one with a blank before `{%` included. */
export function expressionOf(text: string): string | undefined {
  return text.startsWith('{%') && text.endsWith('%}') ? text.slice(2, -2).trim() : undefined;
}

/** Evaluates templates: JSON in which some texts are JSONata expressions. Compiles each expression once. */
export class Evaluator {
  readonly #compiled = new Map<string, jsonata.Expression>();

  /**
   * Replaces every expression of a template by its result.
   *
   * @throws EvaluationError at the first one that fails or returns nothing: JSON has no undefined.
   */
  async evaluate(
    template: Json,
    location: string,
    bindings: Record<string, unknown>,
  ): Promise<Json> {
    if (typeof template === 'string') {
      const expression = expressionOf(template);
      return expression === undefined ? template : this.#run(expression, location, bindings);
    }
    if (Array.isArray(template)) {
      const elements: Json[] = [];
      for (const [i, element] of template.entries()) {
        elements.push(await this.evaluate(element, `${location}[${i}]`, bindings));
      }
      return elements;
    }
    if (typeof template !== 'object' || template === null) return template;
    const members: [string, Json][] = [];
    for (const [key, member] of Object.entries(template)) {
      members.push([key, await this.evaluate(member, `${location}/${key}`, bindings)]);
    }
    return Object.fromEntries(members);
  }

  async #run(
    expression: string,
    location: string,
    bindings: Record<string, unknown>,
  ): Promise<Json> {
    const fail = (outcome: string): EvaluationError =>
      new EvaluationError(
        `The JSONata expression '${expression}' specified for the field '${location}' ${outcome}`,
        location,
      );
    let value: unknown;
    try {
      value = await this.#compile(expression).evaluate(undefined, bindings);
    } catch (error) {
      const { code, message } = error as { code?: string; message?: string };
      throw fail(`threw an error during evaluation. ${code ?? 'Error'}: ${message ?? ''}`);
    }
    if (value === undefined) throw fail('returned nothing (undefined).');
    if (!isData(value)) throw fail('returned a function, which is not JSON.');
    return toJson(value);
  }

  #compile(expression: string): jsonata.Expression {
    let compiled = this.#compiled.get(expression);
    if (!compiled) {
      compiled = jsonata(expression, LIMITS);
      this.#compiled.set(expression, compiled);
    }
    return compiled;
  }
}

/** AWS's wording for a result of the wrong type. */
export function wrongType(
  template: Json,
  location: string,
  expected: string,
  value: Json,
): EvaluationError {
  const expression = typeof template === 'string' ? (expressionOf(template) ?? template) : '';
  return new EvaluationError(
    `The JSONata expression '${expression}' specified for the field '${location}' returned an unexpected ` +
      `result type. Expected '${expected}', but was '${typeOfJson(value)}' for value: ${JSON.stringify(value)}`,
    location,
  );
}

/** JSONata hands out functions as JavaScript functions or as objects with these marks. */
function isData(value: unknown): boolean {
  if (typeof value === 'function') return false;
  return !(
    typeof value === 'object' &&
    value !== null &&
    ('_jsonata_lambda' in value || '_jsonata_function' in value)
  );
}

/** JSONata's arrays carry marks of its own, and its results may share structure with its inputs. */
function toJson(value: unknown): Json {
  return JSON.parse(
    JSON.stringify(value, (_key, member: unknown) => (isData(member) ? member : undefined)),
  ) as Json;
}
