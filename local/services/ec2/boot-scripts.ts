import type { Script } from './machine-protocol.ts';

/** A script that runs at boot, and where. */
type BootScript = Pick<Script, 'file' | 'text'>;

/** The longest that what runs at boot may run. */
export const bootSeconds = 600;

/** User data as cloud-init keeps it, and runs at an instance's first boot. */
export const firstBoot = (userData: string): BootScript => ({
  file: 'var/lib/cloud/instance/scripts/part-001',
  text: userData,
});

/** What cloud-init does at each later boot: user data is for the first only. */
export const laterBoot: BootScript = {
  file: 'run/later-boot',
  text: `#!/bin/bash
status=0
for hook in "$CZAR_ROOT"/var/lib/cloud/scripts/per-boot/*; do
  [ ! -x "$hook" ] || "$hook" || status=$?
done
exit "$status"
`,
};
