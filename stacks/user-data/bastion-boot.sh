#!/bin/bash
# Turns a fresh Amazon Linux 2023 instance into a bastion (B). Runs once, as root.
#
# The template puts CZAR_KEYS, lines of authorized_keys, between the line above and this one.
set -euo pipefail

: "${CZAR_KEYS:?}"

useradd --create-home --shell /sbin/nologin jump
install -d -m 0700 -o jump -g jump /home/jump/.ssh
printf '%s\n' "$CZAR_KEYS" >/home/jump/.ssh/authorized_keys
chown jump:jump /home/jump/.ssh/authorized_keys
chmod 0600 /home/jump/.ssh/authorized_keys

# ProxyJump is a forwarding to port 22 behind B. Everything else that SSH can do is off. The first
# value that sshd reads wins, and this file is read first.
cat >/etc/ssh/sshd_config.d/00-czar.conf <<'SSHD'
AllowUsers jump
AuthenticationMethods publickey
AuthorizedKeysCommand none
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin no
AllowTcpForwarding local
PermitOpen *:22
AllowAgentForwarding no
AllowStreamLocalForwarding no
GatewayPorts no
PermitTTY no
PermitTunnel no
X11Forwarding no
ForceCommand /sbin/nologin
MaxAuthTries 3
ClientAliveInterval 60
ClientAliveCountMax 3
SSHD
sshd -t
systemctl restart sshd

# Quiescent between uses: half an hour without a connection stops the instance.
cat >/usr/local/sbin/stop-when-idle <<'IDLE'
#!/bin/bash
set -euo pipefail
mark=/run/last-connection
[ -e "$mark" ] || touch "$mark"
[ -z "$(ss --no-header --tcp --numeric state established '( sport = :22 )')" ] || touch "$mark"
[ -z "$(find "$mark" -mmin +30)" ] || systemctl poweroff
IDLE
chmod 0755 /usr/local/sbin/stop-when-idle
cat >/etc/systemd/system/stop-when-idle.service <<'SERVICE'
[Service]
Type=oneshot
ExecStart=/usr/local/sbin/stop-when-idle
SERVICE
cat >/etc/systemd/system/stop-when-idle.timer <<'TIMER'
[Timer]
OnBootSec=5min
OnUnitActiveSec=5min
[Install]
WantedBy=timers.target
TIMER
systemctl daemon-reload
systemctl enable --now stop-when-idle.timer
