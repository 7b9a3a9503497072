import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Clock } from './clock.ts';
import type { PolicyDocument } from './policy/document.ts';
import type { AccessRequest, Caller } from './policy/evaluate.ts';

/**
 * The seam between the gateway and the services of the embedded cloud.
 *
 * The gateway has verified the signature and knows the caller; a service reads the request, asks
 * {@link Call.authorize} before it does or tells anything, and answers. A service that answers
 * without having asked is a defect, and the gateway turns its answer into a 500.
 */
export interface Service {
  /** The name in the credential scope of a signature, e.g. `s3`, `states`, `ses`. */
  readonly signingName: string;
  /** How this service writes an error on the wire. */
  readonly protocol: Protocol;
  handle(request: ApiRequest, call: Call): Promise<ApiResponse>;
  /** The CloudFormation resource types that this service creates. */
  readonly resources: readonly ResourceHandler[];
  /** Ends everything the service started, children and timers, and wipes what must not stay. */
  stop?(): Promise<void>;
}

export type Protocol = 'json' | 'rest-json' | 'query' | 'ec2-query' | 'rest-xml';

/** One HTTP request as it came. */
export interface ApiRequest {
  readonly method: string;
  /** Path and query on the gateway's own origin; path-style for S3. */
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  /** The body as sent: an `aws-chunked` one is still in chunks. */
  readonly body: Readable;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | Readable;
}

/** What a service asks the policies. The gateway adds the global condition keys. */
export type Access = Pick<AccessRequest, 'action' | 'resource'> &
  Partial<Pick<AccessRequest, 'context' | 'resourcePolicy' | 'keyPolicy' | 'trustPolicy'>>;

/** One API call: who, when, and what the policies say. */
export interface Call {
  readonly requestId: string;
  readonly caller: CloudCaller;
  readonly time: Date;
  /**
   * Holds the call against identity, resource, key and endpoint policies.
   *
   * @throws ApiError AccessDenied (in the service's own shape) when they do not allow it.
   */
  authorize(access: Access): void;
  /**
   * Holds an access that the service makes on the caller's behalf (S3 using a KMS key) against the
   * policies, with `kms:ViaService` and `aws:CalledVia` set.
   */
  authorizeVia(service: string, access: Access): void;
  /** For the few calls that AWS answers to every valid signature: `sts:GetCallerIdentity`. */
  needsNoPermission(): void;
  /** Tells the access log what was asked. Ids and names only: never a body, never a plaintext. */
  record(details: CallRecord): void;
}

/** A service's part of a record in CloudTrail's shape. */
export interface CallRecord {
  readonly eventName: string;
  readonly readOnly: boolean;
  /** True for object-level S3 and similar calls: CloudTrail's data events. */
  readonly dataEvent?: boolean;
  readonly requestParameters?: Readonly<Record<string, unknown>>;
  readonly responseElements?: Readonly<Record<string, unknown>>;
  readonly resources?: readonly { readonly ARN: string; readonly type: string }[];
}

/** A caller as the embedded cloud knows it: a policy {@link Caller}, and where it calls from. */
export interface CloudCaller extends Caller {
  /** Session name of an assumed role: an instance's id, a person's name, a function's name. */
  readonly sessionName?: string;
  readonly accessKeyId?: string;
  /** Set for credentials of an instance: its calls pass the VPC's endpoints. */
  readonly instance?: { readonly instanceId: string; readonly vpcId: string };
  /** `aws:userid`: the role's unique id, a colon and the session's name. */
  readonly userId?: string;
  /** Tags of the role: `aws:PrincipalTag/...`. */
  readonly principalTags?: Readonly<Record<string, string>>;
  /** Whether the session began with a second factor. */
  readonly multiFactor?: boolean;
  /** When the session began: `aws:TokenIssueTime`. */
  readonly sessionStart?: Date;
}

/** An error that goes to the caller as AWS would write it. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  /** More fields of the error document, e.g. `Key` of S3 or `Reason` of a JSON error. */
  readonly fields: Readonly<Record<string, string>>;

  constructor(
    code: string,
    message: string,
    status = 400,
    fields: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.status = status;
    this.fields = fields;
  }
}

/** A resource of a template, its intrinsics resolved. */
export interface DeclaredResource {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  /** Everything under `Properties`; a handler refuses by name what it does not support. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** The stack's tags and pseudo parameters are resolved already. */
  readonly tags: Readonly<Record<string, string>>;
}

/** What `Ref` and `Fn::GetAtt` answer for a created resource. */
export interface CreatedResource {
  readonly ref: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Creates resources of one CloudFormation type in a service. */
export interface ResourceHandler {
  readonly type: string;
  create(resource: DeclaredResource): Promise<CreatedResource> | CreatedResource;
}

/** Short-lived credentials of an assumed role. */
export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

/** What a session is to be, beyond whose it is. */
export interface SessionOptions {
  readonly instance?: CloudCaller['instance'];
  /** @default 3600 */
  readonly lifetimeSeconds?: number;
  /** Whether a person proved a second factor: `aws:MultiFactorAuthPresent`. @default false */
  readonly multiFactor?: boolean;
}

/** Roles of the templates, and the sessions issued for them. */
export interface Principals {
  /** Issues credentials of a role's session, without asking its trust policy. */
  issue(roleArn: string, sessionName: string, options?: SessionOptions): SessionCredentials;
  /** Says who a role is, with the policies as the templates give them now. */
  roleCaller(roleArn: string, sessionName: string): CloudCaller;
  /** The caller that a service is when it acts by itself, e.g. `events.amazonaws.com`. */
  serviceCaller(service: string): CloudCaller;
  /** The role of an instance profile, by the profile's name or ARN. */
  instanceProfileRole(profile: string): string;
  /** Ends every session that an instance got. */
  revokeInstance(instanceId: string): void;
}

/** What the services need of the cloud they live in. */
export interface Surroundings {
  readonly accountId: string;
  readonly region: string;
  readonly partition: 'aws';
  readonly clock: Clock;
  /** Root of what the embedded cloud keeps on disk, 0700. Each service has a folder of its own in it. */
  readonly directory: string;
  /** `http://127.0.0.1:PORT`. Known before any service handles a call. */
  readonly endpoint: () => string;
  readonly principals: Principals;
  /** Holds a call that a service or role makes inside the cloud against the policies, and logs it. */
  callAs(caller: CloudCaller, eventSource: string, record: CallRecord, access: Access): void;
}

/** How a call of an instance travels to a service. */
export type Route =
  | {
      readonly kind: 'endpoint';
      /** `vpce-...` */
      readonly endpointId: string;
      /** Absent where the endpoint has AWS's default policy, which allows everything. */
      readonly policy?: PolicyDocument;
      readonly privateIp: string;
    }
  /** Out through a NAT gateway or a public address, which is then the source address. */
  | { readonly kind: 'internet'; readonly sourceIp: string };

/** The network that instances call from: what EC2 knows. */
export interface InstanceNetwork {
  /** The route from an instance to a service by its signing name; undefined where there is none. */
  routeTo(instance: NonNullable<CloudCaller['instance']>, signingName: string): Route | undefined;
}

/** A file of the cloud assembly, as a bootstrap bucket would hold it. */
export interface AssetFile {
  readonly bucket: string;
  readonly key: string;
  /** Absolute path of a file, or of a folder where `packaging` is `zip`. */
  readonly path: string;
  readonly packaging: 'file' | 'zip';
}

/** Runs Lambda functions: what Step Functions, EventBridge, SNS and S3 notifications call. */
export interface FunctionInvoker {
  /**
   * Invokes as `caller`, whose policies must allow `lambda:InvokeFunction` (or, for a service, the
   * function's resource policy).
   *
   * A function that throws is an answer, not an error: `functionError` is set and the payload has
   * Lambda's `errorType`, `errorMessage` and `trace`.
   */
  invoke(
    caller: CloudCaller,
    functionName: string,
    payload: string,
    options?: { readonly signal?: AbortSignal; readonly sourceArn?: string },
  ): Promise<FunctionAnswer>;
  /** Invokes later, retried twice as Lambda's asynchronous invocations are. Logged, never lost in silence. */
  invokeLater(
    caller: CloudCaller,
    functionName: string,
    payload: string,
    options?: { readonly sourceArn?: string },
  ): void;
}

export interface FunctionAnswer {
  readonly payload: string;
  readonly functionError?: 'Unhandled';
}

/** Encrypts at rest for another service, as SSE-KMS does: authorized as the caller, via that service. */
export interface StorageKeys {
  /** Answers a fresh data key under a KMS key. `via` is the service's host, e.g. `s3.us-east-1.amazonaws.com`. */
  generate(call: Call, via: string, keyArn: string): { readonly keyArn: string };
  /** Checks that the caller may decrypt under a KMS key via a service. */
  use(call: Call, via: string, keyArn: string): void;
  /** Checks that the caller may let an AWS resource (a volume) use a KMS key: CreateGrant for it. */
  attach(call: Call, via: string, keyArn: string): void;
}

/** What happens in the embedded cloud by itself: EventBridge's default bus. */
export interface EventBus {
  /** Puts an event of AWS's own (`source: 'aws.states'`) on the default bus. */
  put(event: {
    readonly source: string;
    readonly detailType: string;
    readonly resources: readonly string[];
    readonly detail: Readonly<Record<string, unknown>>;
  }): void;
}
