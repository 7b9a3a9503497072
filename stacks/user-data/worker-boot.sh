#!/bin/bash
# Turns a fresh Amazon Linux 2023 instance into a worker (W). Runs once, as root.
#
# The launch template puts the CZAR_ values between the line above and this one. The instance sits
# on an isolated subnet: node, engine and agent come from S3A through the gateway endpoint, by
# digest. An instance that cannot be made right, or gets other bytes than asked for, turns itself
# off, and EC2 terminates it. SSM's document waits for run-worker, which is written last.
#
# Every path begins with CZAR_ROOT, which is empty on EC2: the embedded cloud runs this very script
# in a directory of its own.
set -euo pipefail
umask 077

root="${CZAR_ROOT:-}"
czar="$root/opt/czar"
scratch="$root/scratch"
device="$root/dev/sdf"
stage='start'

finish() {
  local status=$?
  if [ "$status" -ne 0 ]; then
    echo "worker-boot: failed at: $stage" >&2
    systemctl poweroff
  fi
  exit "$status"
}
trap finish EXIT

stage='values'
: "${CZAR_STUDY:?}" "${CZAR_REGION:?}" "${CZAR_INPUT_BUCKET:?}" "${CZAR_RESULT_BUCKET:?}"
: "${CZAR_ANCILLARY_BUCKET:?}" "${CZAR_LEDGER_TABLE:?}" "${CZAR_DATA_KEY_ARN:?}"
: "${CZAR_NODE_SHA256:?}" "${CZAR_ENGINE_SHA256:?}" "${CZAR_AGENT_SHA256:?}"

stage='swap'
swapoff -a

stage='scratch'
for _ in {1..120}; do
  [ -e "$device" ] && break
  sleep 0.5
done
mkfs.xfs -q -f "$device"
mkdir -p "$scratch"
mount -o nodev,nosuid,noexec,noatime "$device" "$scratch"
chmod 0700 "$scratch"

# Says whether a file is there and has the digest.
is_right() { # sha256 file
  [ -f "$2" ] && echo "$1  $2" | sha256sum --check --status
}

# Gets a file by digest, unless the image brought it. Other bytes are not kept.
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
stage='engine'
fetch "$CZAR_ENGINE_SHA256" "$czar/artifacts/engine.tar"
unpack "$czar/artifacts/engine.tar" "$czar/engine"
stage='agent'
fetch "$CZAR_AGENT_SHA256" "$czar/artifacts/agent.tar"
unpack "$czar/artifacts/agent.tar" "$czar/agent"
# Pipelines import the engine by name, and node looks for node_modules in the folders above them.
ln -sfn engine/node_modules "$czar/node_modules"

stage='settings'
cat >"$root/etc/czar/worker.json" <<SETTINGS
{
  "study": "$CZAR_STUDY",
  "region": "$CZAR_REGION",
  "inputBucket": "$CZAR_INPUT_BUCKET",
  "resultBucket": "$CZAR_RESULT_BUCKET",
  "ledgerTable": "$CZAR_LEDGER_TABLE",
  "dataKeyArn": "$CZAR_DATA_KEY_ARN",
  "agentSha256": "$CZAR_AGENT_SHA256"
}
SETTINGS

stage='run-worker'
cat >"$czar/run-worker.unproven" <<RUN
#!/bin/bash
# Written by worker-boot.sh. Takes the one parameter of the SSM document.
set -euo pipefail
umask 077
ulimit -c 0
export CZAR_ROOT='$root' TMPDIR='$scratch' AWS_REGION='$CZAR_REGION'
exec '$czar/bin/node' '$czar/agent/agent.mjs' "\$1"
RUN
chmod 0700 "$czar/run-worker.unproven"
mv "$czar/run-worker.unproven" "$czar/run-worker"
