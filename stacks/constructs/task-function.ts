import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { type IRole, type PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Architecture, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { type ILogGroup, LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { lambdaCode } from '../lambda-code.ts';

export interface TaskFunctionProps {
  /** Folder under `tasks/` of the handler. */
  readonly task: string;
  readonly description: string;
  readonly timeout: Duration;
  /** Encrypts the function's log. */
  readonly storageKey: IKey;
  readonly environment: Readonly<Record<string, string>>;
  /** Everything the function may do besides writing its log. */
  readonly rights: readonly PolicyStatement[];
  /**
   * Memory in MB; CPU grows with it, up to one core at 1769.
   * @default 256
   */
  readonly memorySize?: number;
  /**
   * Where an event goes that the function failed on three times. For functions that events call.
   * @default none: a state machine gets the error itself
   */
  readonly deadLetterQueue?: IQueue;
  /**
   * The function's role, where a policy of another stack names it.
   * @default one is made, for Lambda
   */
  readonly role?: IRole;
}

/**
 * A small Lambda of the orchestration plane: its own role with the rights named and no others, its
 * own encrypted log.
 *
 * No VPC: it calls AWS's APIs only, and has no right to anything that holds data.
 */
export class TaskFunction extends Construct {
  /** Folder under `tasks/` of the handler. */
  readonly task: string;
  readonly function: LambdaFunction;
  readonly logGroup: ILogGroup;

  constructor(scope: Construct, id: string, props: TaskFunctionProps) {
    super(scope, id);
    const { task, storageKey, rights, role: given, ...settings } = props;
    this.task = task;
    const logGroup = new LogGroup(this, 'Logs', {
      retention: RetentionDays.ONE_YEAR,
      encryptionKey: storageKey,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // Not `AWSLambdaBasicExecutionRole`, which may write to every log of the account.
    const role = this.roleOf(given);
    logGroup.grants.write(role);
    for (const statement of rights) role.addToPrincipalPolicy(statement);
    this.logGroup = logGroup;
    this.function = new LambdaFunction(this, 'Resource', {
      memorySize: 256,
      ...settings,
      code: lambdaCode(task),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      role,
      logGroup,
    });
  }

  /** A role of another stack is known by its name here, so that its rights are in this one. */
  private roleOf(role: IRole | undefined): IRole {
    if (role !== undefined) return Role.fromRoleName(this, 'Role', role.roleName);
    return new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  }
}
