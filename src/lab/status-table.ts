import type { LabStatus, ServiceStatus } from './status.js';

const shown = ({ pid, running }: ServiceStatus): string => (running ? `pid ${pid}` : 'not running');

/** The state of a lab for people. */
export function statusTable(status: LabStatus): string {
  const lines = [`lab ${status.name}: ${status.state}`];
  if (status.state === 'down') return `${lines[0]}\n`;
  for (const host of status.hosts) {
    const vsockd = host.vsockd.running && !host.vsockd.answers ? 'does not answer' : shown(host.vsockd);
    lines.push(
      `${host.name}  ${host.address}  vsockd ${vsockd}, sshd ${shown(host.sshd)}, log ${host.vsockd.log}`,
    );
    if (host.machine) {
      const { sshPort, console } = host.machine;
      lines.push(`  machine ${shown(host.machine)}, SSH port ${sshPort}, console ${console}`);
    }
    for (const vm of status.vms.filter((candidate) => candidate.host === host.name)) {
      lines.push(`  ${vm.name.padEnd(6)} ${vm.address}  ${vm.tenant} VNI ${vm.vni}  ${shown(vm.holder)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
