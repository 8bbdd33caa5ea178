import { createServer } from 'node:http';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Run as a program: answers as so many vsockds would, each on a socket of its own, DIRECTORY/NAME/read.sock, with the
 * same flows. Says "ready" when all serve; ends with its input. What is measured beside it is vsockctl alone.
 */
const [directory = '', count = '0', flowCount = '0'] = process.argv.slice(2);

function flow(host: string, index: number): object {
  const rate = Number(flowCount) - index;
  const localPort = 30_000 + index;
  return {
    id: `vm${index % 8}:${String(index)}`,
    connectionId: `100/10.0.0.1:${String(localPort)}-10.0.0.2:80`,
    ...{ host, vm: `vm${index % 8}`, tenant: 'red', vni: 100, direction: 'out' },
    ...{ localAddress: '10.0.0.1', localPort, remoteAddress: '10.0.0.2', remotePort: 80 },
    ...{ remoteVm: null, remoteHost: null, program: 'client', pid: index, path: 'tcp', reason: 'not-a-vm' },
    ...{ rule: 'default', queuePair: null, state: 'established', txBytes: rate * 1000, rxBytes: rate },
    ...{ txBytesPerSecond: rate, rxBytesPerSecond: 0, establishedAt: '2026-01-01T00:00:00.000Z' },
  };
}

function answerOf(name: string, url: URL, lines: string[]): { type: string; body: string } {
  if (url.pathname === '/v1/flows') {
    const limit = Number(url.searchParams.get('limit') ?? Infinity);
    return { type: 'application/x-ndjson', body: lines.slice(0, limit).join('') };
  }
  const host = {
    ...{ name, version: '0.1.0', apiVersion: 1, apiRevision: 2, startedAt: '2026-01-01T00:00:00.000Z' },
    ...{
      vms: 8,
      flows: lines.length,
      fastFlows: 0,
      busyFlows: 0,
      txBytesPerSecond: 1000,
      rxBytesPerSecond: 0,
    },
    ...{ rdmaDevices: 0, rdmaReason: 'simulated', upgradeAfterCalls: 4, upgradeAfterBytes: 4096 },
  };
  const body = url.pathname === '/v1/host' ? host : { items: [], total: 0 };
  return { type: 'application/json', body: JSON.stringify(body) };
}

for (let index = 0; index < Number(count); index += 1) {
  const name = `sim${String(index)}`;
  const lines = Array.from(
    { length: Number(flowCount) },
    (_, each) => `${JSON.stringify(flow(name, each))}\n`,
  );
  mkdirSync(join(directory, name), { recursive: true });
  const server = createServer((request, response) => {
    const { type, body } = answerOf(name, new URL(request.url ?? '/', 'http://vsockd'), lines);
    response.writeHead(200, { 'content-type': type, 'x-vsocket-api': '1.2' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(join(directory, name, 'read.sock'), resolve));
}
process.stdout.write('ready\n');
process.stdin.resume().on('end', () => process.exit(0));
