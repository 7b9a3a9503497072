import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import {
  ApiError,
  type ApiResponse,
  type CloudCaller,
  type InstanceNetwork,
  type Protocol,
  type Service,
} from '../api.ts';
import { isAccessDenied } from './access-denied.ts';
import { authenticate } from './authenticate.ts';
import { AuthenticationError, authenticationFailure } from './authentication-error.ts';
import { readAuthorization } from './authorization.ts';
import { cloudTrailRecord } from './cloudtrail-record.ts';
import type { Arrival } from './condition-context.ts';
import { errorDocument, requestIdHeaders } from './error-document.ts';
import { GatewayCall } from './gateway-call.ts';
import type { GatewayOptions } from './gateway.ts';
import { checkedBody, readBody } from './payload.ts';
import { requestUrl } from './request-url.ts';
import { signedPayloadHash, verifiedStream } from './signed-body.ts';
import type { SigningKeys } from './signing-key.ts';

/** What an exchange needs of the gateway. */
export interface ExchangeSurroundings extends GatewayOptions {
  readonly keys: SigningKeys;
  readonly service: (signingName: string) => Service | undefined;
  readonly routeTo: InstanceNetwork['routeTo'];
}

/**
 * An instance called a service that its network has no way to.
 *
 * The connection is dropped without an answer, which is as near as one server comes to a network without a route.
 */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The operation as far as the request line and headers tell; services say it exactly. */
function guessedName(request: IncomingMessage): string {
  return header(request, 'x-amz-target')?.split('.').at(-1) ?? 'Unknown';
}

/** One request and its answer: verified, authorized, handled, logged. */
export class Exchange {
  readonly #surroundings: ExchangeSurroundings;
  readonly #request: IncomingMessage;
  readonly #requestId = randomUUID();
  readonly #time: Date;
  #protocol: Protocol;
  #signingName = 'unknown';
  #caller: CloudCaller | undefined;
  #call: GatewayCall | undefined;
  #arrival: Arrival | undefined;

  constructor(surroundings: ExchangeSurroundings, request: IncomingMessage) {
    this.#surroundings = surroundings;
    this.#request = request;
    this.#time = surroundings.clock.now();
    this.#protocol =
      header(request, 'content-type')?.startsWith('application/x-amz-json') === true
        ? 'json'
        : 'rest-xml';
  }

  /** Answers the request; only a network without a route has no answer. */
  async run(): Promise<ApiResponse> {
    try {
      const answer = await this.#handle();
      this.#log(undefined);
      return {
        ...answer,
        headers: { ...requestIdHeaders(this.#protocol, this.#requestId), ...answer.headers },
      };
    } catch (error) {
      if (error instanceof UnreachableError) throw error;
      const failure = this.#failure(error);
      this.#log(failure);
      return errorDocument(this.#protocol, failure, this.#requestId, {
        queryCompatible: this.#signingName === 'sqs',
      });
    }
  }

  async #handle(): Promise<ApiResponse> {
    const request = this.#request;
    const { region, sessions, keys, signatureClock } = this.#surroundings;
    const target = requestUrl(request);
    const authorization = readAuthorization(request.headers, target.url.searchParams);
    const service = this.#serviceOf(authorization.scope.service);
    const isS3 = service.signingName === 's3';
    const body = isS3 ? undefined : await readBody(request);
    const payloadHash = signedPayloadHash(authorization, request.headers, body);
    const proven = authenticate(
      authorization,
      {
        method: request.method ?? '',
        rawPath: target.rawPath,
        rawQuery: target.rawQuery,
        rawHeaders: request.rawHeaders,
        signedHeaders: authorization.signedHeaders,
        payloadHash,
      },
      { region, now: this.#time, signedNow: signatureClock?.now(), sessions, keys },
    );
    this.#caller = proven.caller;
    const call = new GatewayCall(
      this.#requestId,
      proven.caller,
      service,
      this.#arrivalOf(proven.caller),
    );
    this.#call = call;
    const answer = await service.handle(
      {
        method: request.method ?? '',
        url: target.url,
        headers: request.headers,
        body:
          body === undefined
            ? verifiedStream(request, payloadHash, authorization, proven.signingKey)
            : checkedBody(body, payloadHash),
      },
      call,
    );
    if (!call.asked) throw new Error(`${service.signingName} answered without asking the policies`);
    return answer;
  }

  #serviceOf(signingName: string): Service {
    const service = this.#surroundings.service(signingName);
    if (service === undefined) {
      throw new ApiError(
        'UnknownOperationException',
        `The service ${signingName} is not supported by the embedded cloud.`,
        501,
      );
    }
    this.#signingName = signingName;
    this.#protocol = service.protocol;
    return service;
  }

  #arrivalOf(caller: CloudCaller): Arrival {
    const { region } = this.#surroundings;
    const route = caller.instance && this.#surroundings.routeTo(caller.instance, this.#signingName);
    if (caller.instance !== undefined && route === undefined)
      throw new UnreachableError(
        `${caller.instance.instanceId} has no route to ${this.#signingName}`,
      );
    this.#arrival = {
      time: this.#time,
      region,
      sourceIp: '127.0.0.1',
      userAgent: header(this.#request, 'user-agent'),
      ...(route === undefined ? {} : { route }),
    };
    return this.#arrival;
  }

  #failure(error: unknown): ApiError {
    if (error instanceof ApiError) return error;
    if (error instanceof AuthenticationError) return authenticationFailure(this.#protocol, error);
    if (!this.#request.socket.destroyed)
      this.#surroundings.reportDefect(error, `${this.#signingName} ${guessedName(this.#request)}`);
    const code = this.#protocol === 'rest-xml' ? 'InternalError' : 'InternalFailure';
    return new ApiError(code, 'The embedded cloud failed: see its defects.log.', 500);
  }

  #log(error: ApiError | undefined): void {
    const { accountId, region, accessLog } = this.#surroundings;
    const route = this.#arrival?.route;
    const endpoint = route?.kind === 'endpoint' ? route : undefined;
    const internetIp = route?.kind === 'internet' ? route.sourceIp : undefined;
    accessLog.append(
      cloudTrailRecord(this.#caller, {
        accountId,
        region,
        time: this.#time,
        requestId: this.#requestId,
        eventSource: `${this.#signingName}.amazonaws.com`,
        sourceIpAddress: endpoint?.privateIp ?? internetIp ?? '127.0.0.1',
        userAgent: header(this.#request, 'user-agent') ?? '',
        details: this.#call?.details ?? { eventName: guessedName(this.#request) },
        ...(error && {
          error: {
            code: isAccessDenied(error) ? 'AccessDenied' : error.code,
            message: error.message,
          },
        }),
        additionalEventData: { SignatureVersion: 'SigV4' },
        ...(endpoint && { vpcEndpointId: endpoint.endpointId }),
      }),
    );
  }
}
