// The systemd unit of the daemon.

/**
 * `KillMode=process`: a stop or restart of the unit ends the daemon alone; monitor and containers go on. When the machine
 * goes down the daemon stops them first, which may take their time. The limits are what many containers need of the one
 * monitor and the one daemon.
 */
export function systemdUnit(executablePath: string): string {
  return `[Unit]
Description=Sampan container engine
Documentation=man:docker(1)
After=network-online.target firewalld.service
Wants=network-online.target

[Service]
Type=notify
ExecStart=${executablePath} daemon
KillMode=process
TimeoutStopSec=120
Restart=always
RestartSec=1
LimitNOFILE=1048576
LimitNPROC=infinity
TasksMax=infinity
Delegate=yes
OOMScoreAdjust=-500

[Install]
WantedBy=multi-user.target
`;
}
