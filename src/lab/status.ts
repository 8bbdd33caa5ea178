import { request } from 'node:http';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LabPaths } from './lab-paths.js';
import { isRunning, readProcessRecords, type ProcessRecord } from './process-record.js';
import { hosts, vms, type LabHost, type LabVm } from './topology.js';

export interface ServiceStatus {
  pid: number | null;
  running: boolean;
}

export interface HostStatus extends LabHost {
  holder: ServiceStatus;
  supervisor: ServiceStatus;
  vsockd: ServiceStatus & {
    answers: boolean;
    config: string;
    log: string;
    auditLog: string;
    runtimeDirectory: string;
  };
  sshd: ServiceStatus & { log: string };
  networkNamespace: string;
}

export interface VmStatus extends LabVm {
  holder: ServiceStatus;
  networkNamespace: string;
  /** The channel’s socket, as its host sees it. */
  channel: string;
  memory: string | null;
}

export interface LabStatus {
  name: string;
  /** `broken`: something of it is there, but not all of it runs. */
  state: 'up' | 'broken' | 'down';
  directory: string;
  sshConfig: string;
  hosts: HostStatus[];
  vms: VmStatus[];
}

export async function labStatus(paths: LabPaths): Promise<LabStatus> {
  const records = await readProcessRecords(paths);
  const service = (name: string): ServiceStatus => serviceStatus(records.get(name));
  const hostStatuses = await Promise.all(hosts.map((host) => hostStatus(paths, host, service)));
  const vmStatuses = vms.map((vm) => vmStatus(paths, vm, service));
  return {
    name: paths.name,
    state: stateOf(paths, hostStatuses, vmStatuses),
    directory: paths.directory,
    sshConfig: paths.sshConfig,
    hosts: hostStatuses,
    vms: vmStatuses,
  };
}

function stateOf(paths: LabPaths, hostStatuses: HostStatus[], vmStatuses: VmStatus[]): LabStatus['state'] {
  if (!existsSync(paths.directory)) return 'down';
  const whole =
    existsSync(paths.complete) &&
    vmStatuses.every(({ holder }) => holder.running) &&
    hostStatuses.every(
      ({ holder, supervisor, vsockd, sshd }) =>
        holder.running && supervisor.running && vsockd.answers && sshd.running,
    );
  return whole ? 'up' : 'broken';
}

async function hostStatus(
  paths: LabPaths,
  host: LabHost,
  service: (name: string) => ServiceStatus,
): Promise<HostStatus> {
  const { name } = host;
  return {
    ...host,
    holder: service(`${name}.holder`),
    supervisor: service(`${name}.supervisor`),
    vsockd: {
      ...service(`${name}.vsockd`),
      answers: await vsockdAnswers(paths, name),
      config: paths.hostFile(name, 'vsockd.json'),
      log: paths.hostFile(name, 'vsockd.log'),
      auditLog: paths.hostFile(name, 'audit.jsonl'),
      runtimeDirectory: paths.hostRuntime(name),
    },
    sshd: { ...service(`${name}.sshd`), log: paths.hostFile(name, 'sshd.log') },
    networkNamespace: paths.namespace(name),
  };
}

function vmStatus(paths: LabPaths, vm: LabVm, service: (name: string) => ServiceStatus): VmStatus {
  const holder = service(`${vm.name}.holder`);
  return {
    ...vm,
    holder,
    networkNamespace: paths.namespace(vm.name),
    channel: paths.channel(vm.host, vm.name),
    memory: holder.running ? `/proc/${holder.pid}/fd/3` : null,
  };
}

function serviceStatus(record: ProcessRecord | undefined): ServiceStatus {
  return { pid: record?.pid ?? null, running: isRunning(record) };
}

/** Whether the host’s vsockd answers on the socket that may read. */
export function vsockdAnswers(paths: LabPaths, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socketPath = join(paths.hostRuntime(host), 'read.sock');
    const asked = request({ socketPath, path: '/v1/host', timeout: 1000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.once('timeout', () => asked.destroy(new Error('no answer')));
    asked.once('error', () => resolve(false));
    asked.end();
  });
}
