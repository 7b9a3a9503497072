import * as z from 'zod';
import { ApiError, type Call, type ResourceHandler, type Surroundings } from '../../api.ts';
import { epochSeconds } from '../../read-input.ts';
import { readProperties } from '../../assembly/read-properties.ts';

const Properties = z.strictObject({
  Name: z.string().min(1),
  Type: z.literal('String'),
  Value: z.string().min(1).max(4096),
  Description: z.string().optional(),
  Tier: z.literal('Standard').optional(),
  Tags: z.record(z.string(), z.string()).optional(),
});

export const GetParameterInput = z.strictObject({
  Name: z
    .string()
    .regex(/^[^:]+$/, { error: 'must be a plain name, without version, label or ARN' }),
  /** Asks for nothing: no parameter here is a SecureString. */
  WithDecryption: z.boolean().optional(),
});

/** Plain String parameters, as templates declare them. Nothing changes them later. */
export interface ParameterStore {
  readonly resource: ResourceHandler;
  get(input: z.infer<typeof GetParameterInput>, call: Call): Record<string, unknown>;
}

/** Makes an empty parameter store. */
export function createParameterStore({ accountId, region, clock }: Surroundings): ParameterStore {
  const parameters = new Map<string, Readonly<Record<string, unknown>>>();
  const arnOf = (name: string): string =>
    `arn:aws:ssm:${region}:${accountId}:parameter/${name.replace(/^\//, '')}`;

  return {
    resource: {
      type: 'AWS::SSM::Parameter',
      create(resource) {
        const { Name, Type, Value } = readProperties(Properties, resource);
        parameters.set(Name, {
          ARN: arnOf(Name),
          DataType: 'text',
          LastModifiedDate: epochSeconds(clock.now()),
          Name,
          Type,
          Value,
          Version: 1,
        });
        return { ref: Name, attributes: { Type, Value } };
      },
    },
    get({ Name }, call) {
      call.record({ eventName: 'GetParameter', readOnly: true, requestParameters: { name: Name } });
      call.authorize({ action: 'ssm:GetParameter', resource: arnOf(Name) });
      const Parameter = parameters.get(Name);
      if (Parameter === undefined) throw new ApiError('ParameterNotFound', 'No such parameter');
      return { Parameter };
    },
  };
}
