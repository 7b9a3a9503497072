#!/bin/bash
# Turns an Amazon Linux 2023 instance into the workbench (E), at its first boot and at every other.
# Runs as root.
#
# The template puts the CZAR_ values between the line above and this one. The instance sits on a
# private subnet: node and poller come from S3A through the gateway endpoint, by digest. An instance
# that cannot be made right, or gets other bytes than asked for, turns itself off, and stays stopped
# until somebody starts it. SSM's document waits for run-poller, which is written last.
#
# cloud-init runs user data once in an instance's life, so the script leaves a hook in the folder
# that is run at each boot. What a deployment changed in the user data is then obeyed as well.
#
# Every path begins with CZAR_ROOT, which is empty on EC2: the embedded cloud runs this very script
# in a directory of its own.
set -euo pipefail
umask 077

root="${CZAR_ROOT:-}"
czar="$root/opt/czar"
state="$root/var/czar"
hooks="$root/var/lib/cloud/scripts/per-boot"

stage='start'
finish() {
  local status=$?
  if [ "$status" -ne 0 ]; then
    echo "workbench-boot: failed at: $stage" >&2
    systemctl poweroff
  fi
  exit "$status"
}
trap finish EXIT

# What an earlier boot left is not to be called before this one is done.
rm -f "$czar/run-poller"

stage='values'
: "${CZAR_STUDY:?}" "${CZAR_REGION:?}" "${CZAR_INPUT_BUCKET:?}" "${CZAR_ANCILLARY_BUCKET:?}"
: "${CZAR_LEDGER_TABLE:?}" "${CZAR_SENSOR_TABLE:?}" "${CZAR_ASSIGNMENT_TABLE:?}"
: "${CZAR_DATA_KEY_ARN:?}" "${CZAR_QUEUE_URL:?}" "${CZAR_DEAD_LETTER_QUEUE_URL:?}"
: "${CZAR_SEAL_AFTER_HOURS:?}" "${CZAR_NODE_SHA256:?}" "${CZAR_POLLER_SHA256:?}"

stage='hook'
mkdir -p "$hooks"
cat >"$hooks/czar-workbench" <<HOOK
#!/bin/bash
# Written by workbench-boot.sh. cloud-init writes the user data of today there before it runs this.
exec /bin/bash '$root/var/lib/cloud/instance/scripts/part-001'
HOOK
chmod 0700 "$hooks/czar-workbench"

stage='swap'
swapoff -a

stage='spool'
# The spool outlives a boot: the next poll goes on with what it finds there. The other does not.
mkdir -p "$state/spool"
chmod 0700 "$state" "$state/spool"
rm -rf "$state/tmp"
mkdir "$state/tmp"

# Says whether a file is there and has the digest.
is_right() { # sha256 file
  [ -f "$2" ] && echo "$1  $2" | sha256sum --check --status
}

# Gets a file by digest, unless it is there. Other bytes are not kept.
fetch() { # sha256 file
  is_right "$1" "$2" && return
  aws s3api get-object --region "$CZAR_REGION" --bucket "$CZAR_ANCILLARY_BUCKET" \
    --key "artifacts/sha256/$1" "$2.unproven" >/dev/null
  if ! is_right "$1" "$2.unproven"; then
    rm -f "$2.unproven"
    return 1
  fi
  mv "$2.unproven" "$2"
}

# Unpacks a tar into a directory that holds nothing else.
unpack() { # tar directory
  rm -rf "$2"
  mkdir -p "$2"
  tar --extract --no-same-owner --file "$1" --directory "$2"
}

mkdir -p "$czar/bin" "$czar/artifacts" "$root/etc/czar"
stage='node'
fetch "$CZAR_NODE_SHA256" "$czar/bin/node"
chmod 0755 "$czar/bin/node"
stage='poller'
fetch "$CZAR_POLLER_SHA256" "$czar/artifacts/poller.tar"
unpack "$czar/artifacts/poller.tar" "$czar/poller"

stage='settings'
cat >"$root/etc/czar/poller.json" <<SETTINGS
{
  "study": "$CZAR_STUDY",
  "region": "$CZAR_REGION",
  "inputBucket": "$CZAR_INPUT_BUCKET",
  "ancillaryBucket": "$CZAR_ANCILLARY_BUCKET",
  "ledgerTable": "$CZAR_LEDGER_TABLE",
  "sensorTable": "$CZAR_SENSOR_TABLE",
  "assignmentTable": "$CZAR_ASSIGNMENT_TABLE",
  "dataKeyArn": "$CZAR_DATA_KEY_ARN",
  "queueUrl": "$CZAR_QUEUE_URL",
  "deadLetterQueueUrl": "$CZAR_DEAD_LETTER_QUEUE_URL",
  "sealAfterHours": $CZAR_SEAL_AFTER_HOURS,
  "agentSha256": "$CZAR_POLLER_SHA256"
}
SETTINGS

stage='run-poller'
cat >"$czar/run-poller.unproven" <<RUN
#!/bin/bash
# Written by workbench-boot.sh. Takes the one parameter of the SSM document.
set -euo pipefail
umask 077
ulimit -c 0
export CZAR_ROOT='$root' TMPDIR='$state/tmp' AWS_REGION='$CZAR_REGION'
exec '$czar/bin/node' '$czar/poller/agent.mjs' "\$1"
RUN
chmod 0700 "$czar/run-poller.unproven"
mv "$czar/run-poller.unproven" "$czar/run-poller"
