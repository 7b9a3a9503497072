/**
 * A process that has a machine and nothing else. Started as `node lonely-parent.ts <directory>
 * <how>`: tells the machine's directory when user data ran, then waits, exits or throws.
 */
import process from 'node:process';
import { systemClock } from '../../../../local/clock.ts';
import { createFleet } from '../../../../local/services/ec2/fleet.ts';

const [directory = '', how] = process.argv.slice(2);
const fleet = createFleet(
  {
    accountId: '111122223333',
    region: 'us-east-1',
    partition: 'aws',
    clock: systemClock,
    directory,
    endpoint: () => 'http://127.0.0.1:1',
    callAs: () => undefined,
    principals: {
      issue: () => ({
        accessKeyId: 'ASIATESTTESTTESTTEST',
        secretAccessKey: 'secret',
        sessionToken: 'token',
        expiration: new Date(),
      }),
      instanceProfileRole: () => '',
      revokeInstance: () => undefined,
      roleCaller: () => ({}) as never,
      serviceCaller: () => ({}) as never,
    },
  },
  { graceSeconds: 5, imageSoftware: {} },
);
const instance = fleet.launch({
  imageId: 'ami-1',
  instanceType: 'm7i.large',
  tenancy: 'dedicated',
  subnet: {
    subnetId: 'subnet-1',
    vpcId: 'vpc-1',
    availabilityZone: 'us-east-1a',
    cidrBlock: '10.0.0.0/24',
  },
  securityGroupIds: [],
  clientToken: undefined,
  instanceProfileArn: '',
  roleArn: '',
  shutdownBehavior: 'terminate',
  tags: { instance: {}, volume: {}, 'network-interface': {} },
  volumes: [],
  userData: `#!/bin/bash
echo plaintext >"$CZAR_ROOT/scratch-file"
( setsid sleep 60 >/dev/null 2>&1 & )
bash -c 'trap "" TERM; while :; do sleep 0.05; done' >/dev/null 2>&1 &
`,
});
while (instance?.online === false) await new Promise((resolve) => setTimeout(resolve, 10));
console.log(instance?.machine.directory);
if (how === 'exit') process.exit(0);
if (how === 'throw') {
  setTimeout(() => {
    throw new Error('this parent fails');
  });
}
