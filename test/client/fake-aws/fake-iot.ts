import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import '../../../runtime/reflect-metadata.ts';
import { Pkcs10CertificateRequest, X509CertificateGenerator } from '@peculiar/x509';

interface Certificate {
  readonly arn: string;
  readonly pem: string;
  status: string;
  readonly policies: Set<string>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/**
 * The control plane of AWS IoT, as far as `czar` calls it, for an unmodified SDK client. Certificates
 * are real ones, of the request's key.
 */
export class FakeIot {
  readonly things = new Map<string, Set<string>>();
  /** By their ids. */
  readonly certificates = new Map<string, Certificate>();
  readonly calls: string[] = [];
  /** Asked before a call is answered, and after it was done: an error's code, where it answers one. */
  before: (call: string) => string | undefined = () => undefined;
  after: (call: string) => string | undefined = () => undefined;
  readonly #server: Server;
  readonly #keys = crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

  private constructor() {
    this.#server = createServer((request, response) => {
      void (async () => {
        const url = new URL(request.url ?? '/', 'http://fake');
        const body = (await buffer(request)).toString();
        const principal = request.headers['x-amzn-principal'];
        const { call, run } = this.#read(
          `${request.method ?? ''} ${decodeURIComponent(url.pathname)}`,
          {
            ...(body !== '' && (JSON.parse(body) as Record<string, string>)),
            ...Object.fromEntries(url.searchParams),
            ...(typeof principal === 'string' && { principal }),
          },
        );
        this.calls.push(call);
        let code = this.before(call);
        const answer = code === undefined ? await run() : undefined;
        code ??=
          this.after(call) ?? (answer === undefined ? 'ResourceNotFoundException' : undefined);
        response.writeHead(code === undefined ? 200 : 404, {
          'content-type': 'application/json',
          ...(code !== undefined && { 'x-amzn-errortype': code }),
        });
        response.end(code === undefined ? JSON.stringify(answer) : '{"message":"John Doe"}');
      })();
    });
  }

  static async start(): Promise<FakeIot> {
    const iot = new FakeIot();
    iot.#server.listen(0, '127.0.0.1');
    await once(iot.#server, 'listening');
    return iot;
  }

  get environment(): Record<string, string> {
    const { port } = this.#server.address() as AddressInfo;
    return { AWS_ENDPOINT_URL_IOT: `http://127.0.0.1:${port}` };
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #read(request: string, input: Record<string, string>): { call: string; run: () => unknown } {
    const name = request.split('/')[2] ?? '';
    const principalId = (input.principal ?? input.target ?? '').split('/')[1] ?? '';
    switch (request.replace(name, 'X')) {
      case 'POST /things/X':
        return {
          call: 'CreateThing',
          run: () => {
            if (!this.things.has(name)) this.things.set(name, new Set());
            return { thingName: name };
          },
        };
      case 'PUT /things/X/principals':
        return {
          call: 'AttachThingPrincipal',
          run: () => this.things.get(name)?.add(input.principal ?? '') && {},
        };
      case 'GET /things/X/principals':
        return { call: 'ListThingPrincipals', run: () => this.#listPrincipals(name, input) };
      case 'PUT /target-policies/X':
        return {
          call: 'AttachPolicy',
          run: () => this.certificates.get(principalId)?.policies.add(name) && {},
        };
      case 'PUT /certificates/X':
        return {
          call: 'UpdateCertificate',
          run: () => {
            const certificate = this.certificates.get(name);
            if (certificate !== undefined) certificate.status = input.newStatus ?? '';
            return certificate && {};
          },
        };
      default:
        if (request.startsWith('GET /endpoint')) {
          const endpointAddress = input.endpointType === 'iot:Data-ATS' ? 'iot.example' : '';
          return { call: 'DescribeEndpoint', run: () => ({ endpointAddress }) };
        }
        return { call: 'CreateCertificateFromCsr', run: () => this.#certify(input) };
    }
  }

  /** One a page. */
  #listPrincipals(thing: string, { nextToken = '0' }: Record<string, string>): unknown {
    const principals = this.things.get(thing);
    const next = Number(nextToken) + 1;
    return (
      principals && {
        principals: [...principals].slice(next - 1, next),
        ...(next < principals.size && { nextToken: String(next) }),
      }
    );
  }

  async #certify({ certificateSigningRequest = '', setAsActive }: Record<string, string>) {
    const request = new Pkcs10CertificateRequest(certificateSigningRequest);
    if (!(await request.verify())) return undefined;
    const certificate = await X509CertificateGenerator.create({
      subject: request.subject,
      issuer: 'CN=fake',
      publicKey: request.publicKey,
      signingKey: (await this.#keys).privateKey,
      signingAlgorithm: algorithm,
    });
    const pem = certificate.toString('pem');
    const id = createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');
    const arn = `arn:aws:iot:us-east-1:111122223333:cert/${id}`;
    const status = setAsActive === 'true' ? 'ACTIVE' : 'INACTIVE';
    this.certificates.set(id, { arn, pem, status, policies: new Set() });
    return { certificateArn: arn, certificateId: id, certificatePem: pem };
  }
}
