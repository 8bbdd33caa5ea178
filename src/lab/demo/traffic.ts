import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabPaths } from '../lab-paths.js';
import { readProcessRecords } from '../process-record.js';
import { vms } from '../topology.js';
import { vmCommand } from '../vm-command.js';
import { waitUntil } from '../wait-until.js';

interface Program {
  vm: string;
  command: string[];
}

/** Real programs that talk for as long as the lab is open. */
const servers: readonly (Program & { port: number })[] = [
  {
    vm: 'red2',
    port: 6379,
    command: ['redis-server', '--bind', '10.0.0.2', '--protected-mode', 'no', '--save', ''],
  },
  { vm: 'red3', port: 5201, command: ['iperf3', '--server'] },
  { vm: 'blue2', port: 5201, command: ['iperf3', '--server'] },
  { vm: 'blue3', port: 80, command: ['nginx', '-c', '/run/nginx.conf'] },
];

const clients: readonly Program[] = [
  {
    vm: 'red1',
    command: ['redis-benchmark', '-h', '10.0.0.2', '-t', 'set', '-c', '4', '-d', '1024', '-n', '1000000000'],
  },
  { vm: 'red1', command: ['iperf3', '--client', '10.0.0.3', '--bitrate', '20M', '--time', '0'] },
  { vm: 'blue1', command: ['iperf3', '--client', '10.0.0.2', '--bitrate', '200M', '--time', '0'] },
  {
    vm: 'blue2',
    command: ['curl', '-s', '-o', '/dev/null', '--limit-rate', '2M', 'http://10.0.0.3/page?[1-1000000]'],
  },
];

const webServer = 'blue3';
const pageBytes = 1024 * 1024;
const pauseMilliseconds = 500;

const nginxConfig = `daemon off;
master_process off;
pid /run/nginx.pid;
error_log /run/nginx.log;
events {}
http {
  access_log off;
  keepalive_requests 1000000;
  client_body_temp_path /run/client-body;
  proxy_temp_path /run/proxy;
  fastcgi_temp_path /run/fastcgi;
  uwsgi_temp_path /run/uwsgi;
  scgi_temp_path /run/scgi;
  server {
    listen 80;
    root /run/www;
  }
}
`;

/** Starts the programs, with the guest library, and starts them again until `stopped`. The lab’s end ends them. */
export async function startTraffic(paths: LabPaths, stopped: AbortSignal): Promise<void> {
  await writeWebSite(paths);
  for (const server of servers) await start(paths, server, stopped);
  // Some clients never try again.
  const records = await readProcessRecords(paths);
  for (const { vm, port, command } of servers) {
    await waitUntil(`${command[0]} listens in ${vm}`, () => listens(records.get(`${vm}.holder`)!.pid, port));
  }
  for (const client of clients) await start(paths, client, stopped);
}

async function start(paths: LabPaths, { vm, command }: Program, stopped: AbortSignal): Promise<void> {
  // The operator’s screen comes first.
  const [program, ...args] = await vmCommand(paths, vm, ['nice', ...command], { directory: '/run' });
  void keepRunning(program, args, stopped);
}

/** Whether anybody listens on a port, IPv4 or IPv6, in the network namespace of a process. */
async function listens(pid: number, port: number): Promise<boolean> {
  const files = ['tcp', 'tcp6'].map((table) => `/proc/${pid}/net/${table}`);
  // A kernel without IPv6 has no tcp6.
  const tables = await Promise.all(
    files.filter((file) => existsSync(file)).map((file) => readFile(file, 'utf8')),
  );
  // Fields 2 and 4 of a line: local address and port in hexadecimal, and state; 0A is TCP_LISTEN (net/tcp_states.h).
  const listener = new RegExp(`:${port.toString(16).toUpperCase().padStart(4, '0')} [0-9A-F:]+ 0A `);
  return tables.some((table) => listener.test(table));
}

async function writeWebSite(paths: LabPaths): Promise<void> {
  const run = paths.vmRun(vms.find(({ name }) => name === webServer)!.host, webServer);
  await mkdir(join(run, 'www'));
  await writeFile(join(run, 'nginx.conf'), nginxConfig);
  await writeFile(join(run, 'www/page'), '');
  await truncate(join(run, 'www/page'), pageBytes);
}

async function keepRunning(program: string, args: string[], stopped: AbortSignal): Promise<void> {
  while (!stopped.aborted) {
    await once(spawn(program, args, { stdio: 'ignore' }), 'close');
    await sleep(pauseMilliseconds);
  }
}
