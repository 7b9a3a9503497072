import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import {
  ApiError,
  type ApiRequest,
  type ApiResponse,
  type Call,
  type DeclaredResource,
  type Service,
  type Surroundings,
} from '../../api.ts';
import type { Fleet } from '../ec2/fleet.ts';
import { type CommandDocument, readCommandDocument } from './command-document.ts';
import {
  describeInstanceInformation,
  DescribeInstanceInformationInput,
} from './instance-information.ts';
import { type Operation, operation } from './operation.ts';
import { createParameterStore, GetParameterInput } from './parameter-store.ts';
import {
  CancelCommandInput,
  createRunCommand,
  GetCommandInvocationInput,
  SendCommandInput,
} from './run-command.ts';

const targetPrefix = 'AmazonSSM.';

/** Makes the embedded SSM: Run Command, instance information, and plain String parameters. */
export function createSsmService(surroundings: Surroundings, fleet: Fleet): Service {
  const documents = new Map<string, CommandDocument>();
  const runCommand = createRunCommand(surroundings, fleet, documents);
  const parameters = createParameterStore(surroundings);

  const operations = new Map<string, Operation>([
    ['SendCommand', operation(SendCommandInput, (input, call) => runCommand.send(input, call))],
    [
      'GetCommandInvocation',
      operation(GetCommandInvocationInput, (input, call) => runCommand.get(input, call)),
    ],
    [
      'CancelCommand',
      operation(CancelCommandInput, (input, call) => runCommand.cancel(input, call)),
    ],
    [
      'DescribeInstanceInformation',
      operation(DescribeInstanceInformationInput, (input, call) =>
        describeInstanceInformation(input, call, { fleet, surroundings }),
      ),
    ],
    ['GetParameter', operation(GetParameterInput, (input, call) => parameters.get(input, call))],
  ]);

  const createDocument = (resource: DeclaredResource) => {
    const suffix = randomBytes(6).toString('hex').toUpperCase();
    const name = `${resource.stack}-${resource.logicalId}-${suffix}`;
    const document = readCommandDocument(resource, name);
    documents.set(document.name, document);
    return { ref: document.name };
  };

  return {
    signingName: 'ssm',
    protocol: 'json',
    resources: [{ type: 'AWS::SSM::Document', create: createDocument }, parameters.resource],
    async handle(request: ApiRequest, call: Call): Promise<ApiResponse> {
      const target = request.headers['x-amz-target'];
      const name =
        typeof target === 'string' && target.startsWith(targetPrefix)
          ? target.slice(targetPrefix.length)
          : '';
      call.record({ eventName: name, readOnly: /^(Describe|Get|List)/.test(name) });
      const answer = operations.get(name);
      if (answer === undefined) {
        throw new ApiError(
          'UnknownOperationException',
          `SSM ${name} is not supported by the embedded cloud`,
          501,
        );
      }
      return {
        status: 200,
        headers: { 'content-type': 'application/x-amz-json-1.1' },
        body: JSON.stringify(answer(name, readJson(await text(request.body)), call)),
      };
    },
  };
}

function readJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new ApiError('SerializationException', 'The body of the request is not JSON');
  }
}
