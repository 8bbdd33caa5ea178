import { request } from 'node:http';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LabPaths } from './lab-paths.js';
import { readPlan } from './lab-plan.js';
import { askMachine } from './machine/machine-status.js';
import { readMachine } from './machine/machine-record.js';
import { isRunning, readProcessRecords, type ProcessRecord } from './process-record.js';
import { hosts, vms, vmsOf, type LabHost, type LabVm } from './topology.js';

/** Who is not there says so at once; this is for one who is slow. */
const answerMilliseconds = 5000;

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
  /** Only of a host that is an emulated machine: all else above is seen from inside it. */
  machine?: ServiceStatus & { sshPort: number | null; console: string; log: string };
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

/** What runs of one host, seen from where it runs. */
export interface HostReport {
  host: HostStatus;
  vms: VmStatus[];
}

export async function labStatus(paths: LabPaths): Promise<LabStatus> {
  const plan = await readPlan(paths);
  const report = plan?.rdma ? machineReport : hostReport;
  const reports = await Promise.all(hosts.map((host) => report(paths, host)));
  const hostStatuses = reports.map(({ host }) => host);
  const vmStatuses = vms.map((vm) =>
    reports.flatMap((each) => each.vms).find(({ name }) => name === vm.name)!,
  );
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

export async function hostReport(paths: LabPaths, host: LabHost): Promise<HostReport> {
  const records = await readProcessRecords(paths);
  const service = (name: string): ServiceStatus => serviceStatus(records.get(name));
  return {
    host: await hostStatus(paths, host, service),
    vms: vmsOf(host.name).map((vm) => vmStatus(paths, vm, service)),
  };
}

/** Of a host that is a machine: what it says itself, and what is seen of it from outside. */
async function machineReport(paths: LabPaths, host: LabHost): Promise<HostReport> {
  const emulator = serviceStatus((await readProcessRecords(paths)).get(`${host.name}.machine`));
  const answer = emulator.running ? await askMachine(paths, host) : null;
  // Of a machine that does not answer, nothing runs as far as anybody can see.
  const report = answer ?? (await hostReport(paths, host));
  const machine = {
    ...emulator,
    sshPort: (await readMachine(paths, host.name))?.sshPort ?? null,
    console: paths.machineFile(host.name, 'console.log'),
    log: paths.machineFile(host.name, 'emulator.log'),
  };
  return { ...report, host: { ...report.host, machine } };
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
export async function vsockdAnswers(paths: LabPaths, host: string): Promise<boolean> {
  return (await askVsockd(paths, host, '/v1/host')) !== null;
}

/** Whether vsockd guards the ports of its VMs. */
export async function vsockdGuards(paths: LabPaths, host: string): Promise<boolean> {
  const rules = await askVsockd(paths, host, '/v1/rules/set');
  return rules !== null && (JSON.parse(rules) as { problem: string | null }).problem === null;
}

/** @returns the body of its answer; null: there is none, or it is an error */
function askVsockd(paths: LabPaths, host: string, path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socketPath = join(paths.hostRuntime(host), 'read.sock');
    const asked = request({ socketPath, path, timeout: answerMilliseconds }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text: string) => (body += text));
      answer.once('end', () => resolve(answer.statusCode === 200 ? body : null));
      answer.once('error', () => resolve(null));
    });
    asked.once('timeout', () => asked.destroy(new Error('no answer')));
    asked.once('error', () => resolve(null));
    asked.end();
  });
}
