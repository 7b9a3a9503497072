import { ApiError, type Service } from '../../api.ts';
import type { Clock } from '../../clock.ts';
import { RoleResources } from './role-resources.ts';
import { Roles } from './roles.ts';
import { Sessions } from './sessions.ts';

/** IAM: the roles of the templates, and the sessions issued for them. */
export interface IamService extends Service {
  readonly roles: Roles;
  readonly sessions: Sessions;
}

/**
 * Creates IAM.
 *
 * It has resources of templates only: every call of its API is refused by name, as roles do not change after
 * deployment.
 */
export function createIamService(clock: Clock, accountId: string): IamService {
  const roles = new Roles();
  return {
    signingName: 'iam',
    protocol: 'query',
    roles,
    sessions: new Sessions(roles, clock, accountId),
    resources: new RoleResources(roles, accountId).handlers,
    handle: () =>
      Promise.reject(
        new ApiError('UnsupportedOperation', 'IAM is not callable in the embedded cloud.', 501),
      ),
  };
}
