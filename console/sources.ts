import { EC2Client } from '@aws-sdk/client-ec2';
import { SQSClient } from '@aws-sdk/client-sqs';
import { connections, type Deployment, openDeployment } from '../client/deployment.ts';

/** What the console reads, and as whom. */
export interface ConsoleSources {
  /** With the auditor's rights. */
  readonly deployment: Deployment;
  readonly ec2: EC2Client;
  readonly sqs: SQSClient;
  /** As pages name it. */
  readonly place: string;
  /** Path of the access log, a file or a folder. */
  readonly accessLog: string | undefined;
  /** Absent against AWS: the console reads only. */
  readonly embedded?: Embedded;
}

/** What there is besides where an embedded cloud runs. */
export interface Embedded {
  /** The deployment with the operator's rights, who starts runs. */
  readonly operator: Deployment;
  /** Folder of the mails as they were sent. */
  readonly mails: string;
}

/** Opens a study's deployment in AWS with the ordinary credential chain. */
export async function awsSources(
  study: string,
  accessLog: string | undefined,
): Promise<ConsoleSources> {
  const deployment = await openDeployment(study);
  const region = await deployment.sfn.config.region();
  return {
    deployment,
    ec2: new EC2Client(connections),
    sqs: new SQSClient(connections),
    place: `AWS, ${region}`,
    accessLog,
  };
}
