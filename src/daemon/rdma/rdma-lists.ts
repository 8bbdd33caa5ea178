import type { Counter } from '../../api/counter.js';
import type { Device } from '../../api/device.js';
import type {
  CmId,
  CompletionQueue,
  MemoryRegion,
  ProtectionDomain,
  QueuePair,
  QueuePairUse,
} from '../../api/rdma-resources.js';
import type { DeviceInventory } from '../../rdma/device-inventory.js';
import { isSoftwareDriver } from '../../rdma/drivers.js';
import * as kernel from '../../rdma/parse-resources.js';
import { RdmaNetlink } from '../../rdma/rdma-netlink.js';
import { readCounters } from '../../rdma/read-counters.js';
import { readLinks } from '../../rdma/read-links.js';
import { RateMeters } from '../rates/rate-meters.js';
import { SharedReading } from '../rates/shared-reading.js';
import { DeviceHistory } from './device-history.js';

/** What vsockd knows of a queue pair that is its own. */
export interface OwnQueuePair extends Pick<QueuePair, 'peerHost' | 'flows'> {
  txBytes: number;
  rxBytes: number;
  /** When the bytes were counted, in milliseconds of CLOCK_MONOTONIC. */
  countedAt: number;
}

const softwareOnly = 'software-rdma: every RDMA device is the kernel’s software';

const notOurs: QueuePairUse = {
  peerHost: null,
  flows: null,
  txBytes: null,
  rxBytes: null,
  txBytesPerSecond: null,
  rxBytesPerSecond: null,
};

/** The RDMA devices of this host and all that is on them. Without RDMA every list is empty. */
export class RdmaLists {
  readonly #history = new DeviceHistory();
  readonly #counterMeters = new RateMeters();
  readonly #queuePairMeters = new RateMeters();
  readonly #devices = new SharedReading(() => this.#readDevices());
  readonly #queuePairs = new SharedReading(() => this.#readQueuePairs());
  readonly #counters = new SharedReading(() => this.#readCounters());

  /** @param ownQueuePairs by id: device and number, `rxe0/17` */
  constructor(
    private readonly host: string,
    private readonly inventory: DeviceInventory,
    private readonly ownQueuePairs: () => ReadonlyMap<string, OwnQueuePair>,
    /** Whether vsockd uses devices that are software. */
    private readonly usesSoftware: boolean,
  ) {}

  /** How many devices there are; why there is none, or why not all is known of them. */
  async summary(): Promise<{ rdmaDevices: number; rdmaReason: string | null }> {
    const netlink = RdmaNetlink.open();
    if (netlink === null) return { rdmaDevices: 0, rdmaReason: 'no RDMA in the kernel' };
    try {
      const devices = await netlink.devices();
      const rdmaDevices = devices.length;
      if (rdmaDevices === 0) return { rdmaDevices, rdmaReason: 'no RDMA device' };
      const isUnused = devices.every((device) => this.#reasonFor(netlink.driver(device)) !== null);
      return { rdmaDevices, rdmaReason: isUnused ? softwareOnly : this.inventory.reason() };
    } finally {
      netlink.close();
    }
  }

  devices(): Promise<Device[]> {
    return this.#devices.latest();
  }

  queuePairs(): Promise<QueuePair[]> {
    return this.#queuePairs.latest();
  }

  completionQueues(): Promise<CompletionQueue[]> {
    return this.#resources(kernel.completionQueues);
  }

  memoryRegions(): Promise<MemoryRegion[]> {
    return this.#resources(kernel.memoryRegions);
  }

  protectionDomains(): Promise<ProtectionDomain[]> {
    return this.#resources(kernel.protectionDomains);
  }

  cmIds(): Promise<CmId[]> {
    return this.#resources(kernel.cmIds);
  }

  counters(): Promise<Counter[]> {
    return this.#counters.latest();
  }

  #reasonFor(driver: string | null): Device['reason'] {
    return !this.usesSoftware && isSoftwareDriver(driver) ? 'software-rdma' : null;
  }

  #resources<Row extends object>(resource: kernel.Resource<Row>): Promise<(Row & { host: string })[]> {
    return this.#read(async (netlink) => {
      const rows: Row[] = [];
      for (const device of await netlink.devices()) rows.push(...(await netlink.resources(device, resource)));
      return rows;
    });
  }

  async #readDevices(): Promise<Device[]> {
    const devices = await this.#read((netlink) => readLinks(netlink, this.inventory));
    const rows = devices.map((device) => ({ ...device, reason: this.#reasonFor(device.driver) }));
    return this.#history.update(rows, performance.now());
  }

  async #readQueuePairs(): Promise<QueuePair[]> {
    const own = this.ownQueuePairs();
    const rows = await this.#resources(kernel.queuePairs);
    this.#queuePairMeters.begin();
    return rows.map((row) => {
      const ours = own.get(row.id);
      return { ...row, ...(ours === undefined ? notOurs : this.#withRates(row.id, ours)) };
    });
  }

  #withRates(id: string, { countedAt, ...pair }: OwnQueuePair): QueuePairUse {
    const rates = this.#queuePairMeters.measure(id, countedAt, [pair.txBytes, pair.rxBytes]);
    return { ...pair, txBytesPerSecond: rates?.[0] ?? null, rxBytesPerSecond: rates?.[1] ?? null };
  }

  async #readCounters(): Promise<Counter[]> {
    const counters = await this.#read(readCounters);
    const at = performance.now();
    this.#counterMeters.begin();
    return counters.map((counter) => ({
      ...counter,
      perSecond: this.#counterMeters.measure(counter.id, at, [counter.value])?.[0] ?? null,
    }));
  }

  /** A socket of its own for each reading: several may be under way. */
  async #read<Row extends object>(
    read: (netlink: RdmaNetlink) => Promise<Row[]>,
  ): Promise<(Row & { host: string })[]> {
    const netlink = RdmaNetlink.open();
    if (netlink === null) return [];
    try {
      return (await read(netlink)).map((row) => ({ ...row, host: this.host }));
    } finally {
      netlink.close();
    }
  }
}
