import { Aws } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { tagKeys } from '../../workflow/model/tags.ts';
import { devicePolicyName, ingestMachineName } from '../names.ts';
import type { SensorStores } from './poller-role.ts';

/**
 * What people may do with sensors, by their role. Who wears a device is the researcher's to write and
 * to read; everybody else sees devices only.
 */
export const sensorRights = {
  /** K: says who wears what, and sees what came of it. */
  researcher: ({ sensorTable, assignmentTable }: SensorStores): PolicyStatement[] => [
    readTable(sensorTable.tableArn),
    allow(
      ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
      [assignmentTable.tableArn],
    ),
    // An assignment says when a device is worn; the rest of a device is the operator's.
    writeDevices('TellService', sensorTable, {
      'dynamodb:Attributes': ['scope', 'item', 'inServiceSince'],
    }),
  ],

  /** Enters devices and revokes them, polls by hand, and starts and stops E. */
  operator: (pit: string, { sensorTable }: SensorStores): PolicyStatement[] => [
    readTable(sensorTable.tableArn),
    writeDevices('WriteDevices', sensorTable, {}),
    ...watchIngest(pit),
    allow(['states:StartExecution'], [machine(pit)]),
    allow(['states:StopExecution'], [executions(pit)]),
    ...provision(pit),
    new PolicyStatement({
      sid: 'WakeTheWorkbench',
      actions: ['ec2:StartInstances', 'ec2:StopInstances'],
      resources: [regional('ec2', 'instance/*')],
      conditions: {
        StringEquals: {
          [`aws:ResourceTag/${tagKeys.study}`]: pit,
          [`aws:ResourceTag/${tagKeys.system}`]: 'workbench',
        },
      },
    }),
  ],

  /** Sees what came of devices, and the runs. */
  auditor: (pit: string, { sensorTable }: SensorStores): PolicyStatement[] => [
    readTable(sensorTable.tableArn),
    ...watchIngest(pit),
  ],
} as const;

const allow = (actions: string[], resources: string[]): PolicyStatement =>
  new PolicyStatement({ actions, resources });

const regional = (service: string, resource: string): string =>
  `arn:${Aws.PARTITION}:${service}:${Aws.REGION}:${Aws.ACCOUNT_ID}:${resource}`;

const machine = (pit: string): string =>
  regional('states', `stateMachine:${ingestMachineName(pit)}`);

const readTable = (tableArn: string): PolicyStatement =>
  allow(['dynamodb:GetItem', 'dynamodb:Query'], [tableArn]);

const executions = (pit: string): string =>
  regional('states', `execution:${ingestMachineName(pit)}:*`);

function watchIngest(pit: string): PolicyStatement[] {
  return [
    allow(['states:DescribeStateMachine', 'states:ListExecutions'], [machine(pit)]),
    allow(['states:DescribeExecution', 'states:GetExecutionHistory'], [executions(pit)]),
  ];
}

/**
 * Gives a device its thing and its certificate, and takes the certificate from it.
 *
 * A device's name is its code, without anything of the study in it, so things and certificates are
 * those of the account: another reason for a study to have its own.
 */
function provision(pit: string): PolicyStatement[] {
  const things = regional('iot', 'thing/*');
  const certificates = regional('iot', 'cert/*');
  return [
    allow(['iot:CreateThing', 'iot:DescribeThing'], [things]),
    allow(['iot:DescribeCertificate', 'iot:UpdateCertificate'], [certificates]),
    // AWS IoT asks for the right on the certificate; which policy is attached it does not ask.
    allow(['iot:AttachPolicy'], [certificates, regional('iot', `policy/${devicePolicyName(pit)}`)]),
    // These know no resources, or AWS's two references do not agree that they do.
    allow(
      [
        'iot:AttachThingPrincipal',
        'iot:CreateCertificateFromCsr',
        'iot:DescribeEndpoint',
        'iot:ListThingPrincipals',
      ],
      ['*'],
    ),
  ];
}

/** Writes of devices' items, and of no others; with `only`, of no other attributes. */
function writeDevices(
  sid: string,
  table: ITable,
  only: Readonly<Record<string, string[]>>,
): PolicyStatement {
  const conditions = { 'dynamodb:LeadingKeys': ['DEVICES'], ...only };
  return new PolicyStatement({
    sid,
    actions: ['dynamodb:UpdateItem'],
    resources: [table.tableArn],
    conditions: {
      'ForAllValues:StringEquals': conditions,
      // Without it, a request that names none would pass the line above.
      Null: Object.fromEntries(Object.keys(conditions).map((key) => [key, 'false'])),
    },
  });
}
