import type { Counter } from '../api/counter.js';
import type { Statistic } from './parse-statistics.js';
import type { KernelRow } from './parse-resources.js';
import { deviceCounters, standardPortCounters } from './port-counters.js';
import type { RdmaNetlink } from './rdma-netlink.js';

export type KernelCounter = Omit<KernelRow<Counter>, 'perSecond'>;
type Origin = Pick<KernelCounter, 'device' | 'port' | 'source' | 'set' | 'lqpns'>;

/** Counters that the InfiniBand specification has in units of four bytes. */
const inUnitsOfFourBytes = new Set(['port_xmit_data', 'port_rcv_data']);

/** The counters of all devices and ports, and of queue pairs that are bound to a set. */
export async function readCounters(netlink: RdmaNetlink): Promise<KernelCounter[]> {
  const counters: KernelCounter[] = [];
  for (const device of await netlink.devices()) {
    const { name } = device;
    const add = (origin: Omit<Origin, 'device'>, statistics: readonly Statistic[]): void => {
      for (const statistic of statistics) counters.push(describe({ ...origin, device: name }, statistic));
    };
    for (const { port } of await netlink.ports(device)) {
      const none = { port, set: null, lqpns: [] };
      add({ ...none, source: 'port' }, standardPortCounters(name, port));
      add({ ...none, source: 'hardware' }, netlink.portStatistics(device, port));
    }
    add({ port: null, source: 'hardware', set: null, lqpns: [] }, deviceCounters(name));
    for (const { port, set, lqpns, statistics } of await netlink.boundStatistics(device))
      add({ port, source: 'queue-pair', set, lqpns }, statistics);
  }
  return counters;
}

function describe(origin: Origin, { name, value }: Statistic): KernelCounter {
  const inUnits = origin.source === 'port' && inUnitsOfFourBytes.has(name);
  const place = [origin.device, origin.port, origin.set === null ? null : `set${origin.set}`, name];
  return {
    ...origin,
    id: place.filter((part) => part !== null).join('/'),
    name,
    value: inUnits ? value * 4 : value,
    unit: inUnits ? 'bytes' : 'count',
  };
}
