import type { FunctionInvoker, Service } from './api.ts';
import type { Ec2Options } from './services/ec2/ec2-service.ts';
import type { PoolOptions } from './services/lambda/sandbox-pool.ts';

/**
 * Where a test stands between the parts of an embedded cloud, to see what comes by and to break it.
 *
 * Without any of these the parts are joined directly.
 */
export interface Interference {
  /** Between the gateway and a service: after signature and route, before the policies. */
  readonly service?: (service: Service) => Service;
  /** Between Step Functions and the functions of its Tasks. */
  readonly taskInvoker?: (functions: FunctionInvoker) => FunctionInvoker;
  /** How processes of functions run. */
  readonly sandbox?: PoolOptions;
  /** How instances end. */
  readonly ec2?: Ec2Options;
}
