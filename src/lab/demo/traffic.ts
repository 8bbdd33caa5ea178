import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabPaths } from '../lab-paths.js';
import { vms } from '../topology.js';
import { vmCommand } from '../vm-command.js';

/** Real programs that talk for as long as the lab is open; a client that comes before its server tries again. */
const programs: readonly { vm: string; command: string[] }[] = [
  { vm: 'red2', command: ['redis-server', '--bind', '10.0.0.2', '--protected-mode', 'no', '--save', ''] },
  {
    vm: 'red1',
    command: ['redis-benchmark', '-h', '10.0.0.2', '-t', 'set', '-c', '4', '-d', '1024', '-n', '1000000000'],
  },
  { vm: 'red3', command: ['iperf3', '--server'] },
  { vm: 'red1', command: ['iperf3', '--client', '10.0.0.3', '--bitrate', '20M', '--time', '0'] },
  { vm: 'blue2', command: ['iperf3', '--server'] },
  { vm: 'blue1', command: ['iperf3', '--client', '10.0.0.2', '--bitrate', '200M', '--time', '0'] },
  { vm: 'blue3', command: ['nginx', '-c', '/run/nginx.conf'] },
  {
    vm: 'blue2',
    command: ['curl', '-s', '-o', '/dev/null', '--limit-rate', '2M', 'http://10.0.0.3/page?[1-1000000]'],
  },
];

const webServer = 'blue3';
const pageBytes = 16 * 1024 * 1024;
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
  for (const { vm, command } of programs) {
    // The operator’s screen comes first.
    const [program, ...args] = await vmCommand(paths, vm, ['nice', ...command], { directory: '/run' });
    void keepRunning(program, args, stopped);
  }
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
