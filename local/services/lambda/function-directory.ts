import { ApiError, type Access, type Surroundings } from '../../api.ts';
import { parsePolicy, type PolicyDocument } from '../../policy/document.ts';
import type { DeclaredFunction } from './declared-function.ts';

/** All functions of a deployment, by the names under which callers know them, and who may call each. */
export class FunctionDirectory {
  readonly #functions = new Map<string, DeclaredFunction>();
  readonly #policies = new Map<string, PolicyDocument>();
  readonly #prefix: string;

  constructor({ partition, region, accountId }: Surroundings) {
    this.#prefix = `arn:${partition}:lambda:${region}:${accountId}:function:`;
  }

  add(declared: DeclaredFunction): void {
    this.#functions.set(declared.name, declared);
  }

  /**
   * Adds a statement to the function's resource policy.
   *
   * @throws UnsupportedPolicyError now, not at the first call, for what the evaluator does not know.
   */
  permit(functionName: string, statement: object): void {
    const { name, arn } = this.get(functionName);
    const added = parsePolicy(
      { Version: '2012-10-17', Statement: [statement] },
      `the resource policy of ${arn}`,
    );
    const present = this.#policies.get(name)?.Statement ?? [];
    this.#policies.set(name, { ...added, Statement: [...present, ...added.Statement] });
  }

  /** The ARN of a function, existing or not, given by its name, its ARN or a part of that. */
  arnOf(functionName: string): string {
    const name = /(?:^|:function:)([\w-]+)(?::\$LATEST)?$/.exec(functionName)?.[1];
    return name === undefined ? functionName : `${this.#prefix}${name}`;
  }

  /** What the policies must allow before a function is invoked. */
  access(functionName: string): Access {
    const resource = this.arnOf(functionName);
    const resourcePolicy = this.#policies.get(resource.slice(this.#prefix.length));
    return { action: 'lambda:InvokeFunction', resource, resourcePolicy };
  }

  /** @throws ApiError ResourceNotFoundException; versions and aliases are among what is not found. */
  get(functionName: string): DeclaredFunction {
    const arn = this.arnOf(functionName);
    const found = this.#functions.get(arn.slice(this.#prefix.length));
    if (found?.arn === arn) return found;
    throw new ApiError('ResourceNotFoundException', `Function not found: ${arn}`, 404, {
      Type: 'User',
    });
  }
}
