import { SystemCallError } from '../native/libc.js';
import { Attributes, textAttribute, u32Attribute } from '../netlink/attributes.js';
import { NetlinkClient } from '../netlink/netlink-client.js';
import { driverName } from './drivers.js';
import { parseDevice, parsePort, parseSummary, type KernelDevice, type KernelPort } from './parse-links.js';
import type { Resource } from './parse-resources.js';
import {
  parseBoundStatistics,
  parseStatistics,
  type BoundStatistics,
  type Statistic,
} from './parse-statistics.js';
import { ProcessNames } from './process-names.js';
import { netlinkRdma, nldevAttribute, nldevCommand, nldevType } from './rdma-netlink-layout.js';

/** asm-generic/errno-base.h and errno.h */
const ENOENT = 2;
const ENODEV = 19;
const EINVAL = 22;
const EPROTONOSUPPORT = 93;
const EOPNOTSUPP = 95;

/** How the kernel says that a device has gone since it was listed (EINVAL), or that it has no such list or interface. */
const nothingThere = new Set([ENOENT, ENODEV, EINVAL, EOPNOTSUPP]);

/** What the kernel tells of RDMA devices and all objects on them, whoever made them. For one reading; then close(). */
export class RdmaNetlink {
  readonly #client: NetlinkClient;
  readonly #processes = new ProcessNames();

  private constructor() {
    this.#client = new NetlinkClient('rdma', netlinkRdma);
  }

  /** Null on a kernel without RDMA. @throws SystemCallError */
  static open(): RdmaNetlink | null {
    try {
      return new RdmaNetlink();
    } catch (error) {
      if (error instanceof SystemCallError && error.errno === EPROTONOSUPPORT) return null;
      throw error;
    }
  }

  devices(): Promise<KernelDevice[]> {
    return this.#dump(nldevCommand.get, [], parseDevice);
  }

  ports(device: KernelDevice): Promise<KernelPort[]> {
    return this.#dump(nldevCommand.portGet, [deviceAttribute(device)], parsePort);
  }

  /**
   * Which driver a device has: the kernel tells it with the device’s file for programs (ib_uverbs_get_nl_info in its
   * uverbs_main.c), as libibverbs asks to find its provider. Null without that file, or where the driver leaves it out.
   */
  driver(device: Pick<KernelDevice, 'index'>): string | null {
    const ask = [deviceAttribute(device), textAttribute(nldevAttribute.chardevType, 'uverbs')];
    return driverName(this.#ask(nldevCommand.getChardev, ask)?.u32(nldevAttribute.uverbsDriverId) ?? null);
  }

  /** How many objects of each kind a device has, by the kernel’s names. */
  inUse(device: KernelDevice): Record<string, number> {
    const answer = this.#ask(nldevCommand.resGet, [deviceAttribute(device)]);
    return answer === null ? {} : parseSummary(answer);
  }

  /** All objects of one kind on a device. */
  async resources<Row>(device: KernelDevice, resource: Resource<Row>): Promise<Row[]> {
    const { command, table, entry, parse } = resource;
    const rows = await this.#dump(command, [deviceAttribute(device)], (answer) =>
      answer.entries(table, entry).flatMap((found) => parse(found, device.name, this.#processes) ?? []),
    );
    return rows.flat();
  }

  /** The driver’s counters of a port. */
  portStatistics(device: KernelDevice, port: number): Statistic[] {
    const answer = this.#ask(nldevCommand.statGet, [
      deviceAttribute(device),
      u32Attribute(nldevAttribute.portIndex, port),
    ]);
    return answer === null ? [] : parseStatistics(answer);
  }

  /** Counter sets to which queue pairs are bound. */
  async boundStatistics(device: KernelDevice): Promise<BoundStatistics[]> {
    const ask = [deviceAttribute(device), u32Attribute(nldevAttribute.statRes, nldevAttribute.resQp)];
    return (await this.#dump(nldevCommand.statGet, ask, parseBoundStatistics)).flat();
  }

  close(): void {
    this.#client.close();
  }

  async #dump<Row>(
    command: number,
    ask: readonly Buffer[],
    parse: (answer: Attributes) => Row | null,
  ): Promise<Row[]> {
    const rows: Row[] = [];
    try {
      await this.#client.dump(nldevType(command), Buffer.concat(ask), (answer) => {
        const row = parse(new Attributes(answer));
        if (row !== null) rows.push(row);
      });
    } catch (error) {
      if (!(error instanceof SystemCallError && nothingThere.has(error.errno))) throw error;
    }
    return rows;
  }

  #ask(command: number, ask: readonly Buffer[]): Attributes | null {
    const answer = this.#client.ask(nldevType(command), 0, Buffer.concat(ask));
    if (typeof answer !== 'number') return new Attributes(answer);
    if (answer === 0 || nothingThere.has(answer)) return null;
    throw new SystemCallError('rdma question', answer);
  }
}

function deviceAttribute(device: Pick<KernelDevice, 'index'>): Buffer {
  return u32Attribute(nldevAttribute.devIndex, device.index);
}
