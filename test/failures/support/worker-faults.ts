import type { Instance } from '../../../local/services/ec2/instance.ts';
import { signal } from '../../../local/services/ec2/machine-processes.ts';
import { agentOf, findAgent } from '../../e2e/support/hurt-workers.ts';
import { until } from '../../e2e/support/run-batch.ts';
import type { Fault, FaultKind, Invocation } from './fault.ts';
import type { TaskState } from './task-states.ts';

/** What can happen to a worker's machine while an execution is at a Task. */
export function workerFaults({ hasMachine, launches, waitsForToken }: TaskState): readonly Fault[] {
  return [
    ...(hasMachine && !launches ? [lost, frozen] : []),
    ...(hasMachine && waitsForToken ? [killed, allFrozen] : []),
    ...(launches ? launchFaults : []),
  ];
}

/** Something that happens to the machine at the state's first visits: one of them, if not told otherwise. */
function happens(
  name: string,
  kind: FaultKind,
  hurt: (machine: Instance, invocation: Invocation) => Promise<void> | void,
  visits = 1,
): Fault {
  return {
    name,
    kind,
    isSlow: true,
    async invoke(invocation: Invocation) {
      const { attempt, payload, machine, proceed, hold } = invocation;
      if (attempt > visits) return proceed();
      return hold(async () => {
        if (payload.taskToken === undefined) {
          await hurt(machine(), invocation);
          return proceed();
        }
        const answer = await proceed();
        await until(() => findAgent(machine()));
        await hurt(machine(), invocation);
        return answer;
      });
    },
  };
}

const study = (invocation: Invocation) => invocation.study.cloud.services.ec2;

const lost: Fault = happens('has its machine lost', 'machine lost', (machine) =>
  machine.machine.crash(),
);
const frozen: Fault = happens('has its machine frozen', 'machine frozen', (machine, { freeze }) =>
  freeze(machine),
);
const allFrozen: Fault = happens(
  'has every machine frozen',
  'machine frozen',
  (machine, { freeze }) => freeze(machine),
  Infinity,
);
const killed: Fault = happens('has its agent killed', 'agent killed', (machine) =>
  signal(agentOf(machine), 'SIGKILL'),
);

/** Lets a machine's boot hang. On a busy host it may have come further by then: it hangs there. */
const hang = ({ machine, proceed, hold, freeze }: Invocation) =>
  hold(async () => {
    const answer = await proceed();
    const launched = machine();
    await until(() => {
      const { machine: host, state } = launched;
      const isUp = state === 'running' && !host.isBusy;
      return isUp || host.processes().length > 0 ? true : undefined;
    });
    freeze(launched);
    return answer;
  });

const launchFaults: readonly Fault[] = [
  {
    name: 'launches a machine that never comes online',
    kind: 'machine never online',
    isSlow: true,
    invoke: (invocation) => (invocation.attempt === 1 ? hang(invocation) : invocation.proceed()),
  },
  {
    name: 'launches machines of which none comes online',
    kind: 'machine never online',
    isSlow: true,
    invoke: hang,
  },
  {
    name: 'finds no room once',
    kind: 'no room for machines',
    async invoke(invocation) {
      study(invocation).limits.capacity = invocation.attempt === 1 ? 0 : Infinity;
      return invocation.proceed();
    },
  },
  {
    name: 'finds no room ever',
    kind: 'no room for machines',
    prepare: limit('capacity', 0),
  },
  {
    name: 'is over the quota',
    kind: 'no room for machines',
    prepare: limit('quota', 0),
  },
  {
    name: 'finds room for two of three machines',
    kind: 'no room for machines',
    workers: 3,
    prepare: limit('capacity', 2),
  },
];

function limit(name: 'capacity' | 'quota', value: number): NonNullable<Fault['prepare']> {
  return ({ cloud }) => {
    const { limits } = cloud.services.ec2;
    const usual = limits[name];
    limits[name] = value;
    return () => {
      limits[name] = usual;
    };
  };
}
