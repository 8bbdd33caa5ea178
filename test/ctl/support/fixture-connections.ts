import type { Flow } from '../../../src/api/flow.js';
import { fixtureData } from './fixture-data.js';

/** One side of some connections: the host, the VM and its address. */
export interface Side {
  host: string;
  vm: string;
  address: string;
  program: string | null;
}

/** Both ends of connections to one service, each as its own host tells it. */
export function fixtureConnections(
  client: Side,
  service: Side & { port: number },
  count: number,
  firstPort = 50_000,
): { client: Flow[]; service: Flow[] } {
  const base = fixtureData('any', 1).flows[0]!;
  const ports = Array.from({ length: count }, (_, index) => firstPort + index);
  const common = (port: number): Partial<Flow> => ({
    connectionId: `100/${client.address}:${port}-${service.address}:${service.port}`,
    path: client.host === service.host ? 'shm' : 'rdma',
    reason: null,
  });
  const across = (side: Side): string | null => (client.host === service.host ? null : side.host);
  const end = (side: Side, cookie: number): Partial<Flow> => ({
    id: `${side.vm}:${cookie}`,
    host: side.host,
    vm: side.vm,
    localAddress: side.address,
    program: side.program,
    pid: 4000 + cookie,
  });
  return {
    client: ports.map((port, index) => ({
      ...base,
      ...common(port),
      ...end(client, 7000 + index),
      ...{ direction: 'out', localPort: port, remoteAddress: service.address, remotePort: service.port },
      ...{ remoteVm: service.vm, remoteHost: across(service) },
      ...{ txBytes: 1000, rxBytes: 9000, txBytesPerSecond: 100 + index, rxBytesPerSecond: 900 + index },
    })),
    service: ports.map((port, index) => ({
      ...base,
      ...common(port),
      ...end(service, 8000 + index),
      ...{ direction: 'in', localPort: service.port, remoteAddress: client.address, remotePort: port },
      ...{ remoteVm: client.vm, remoteHost: across(client) },
      ...{ txBytes: 9000, rxBytes: 1000, txBytesPerSecond: 900 + index, rxBytesPerSecond: 100 + index },
    })),
  };
}
