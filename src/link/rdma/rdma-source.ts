import type { RdmaConfig } from '../../config/host-config.js';
import { loadVerbs, type Verbs } from '../../native/verbs/verbs.js';
import { endpointOf } from './endpoint.js';
import { RdmaDevice } from './rdma-device.js';
import type { Endpoint } from './rdma-queue-pairs.js';
import { softwareReason } from './software-rdma.js';
import type { QueuePairEvents, QueuePairs, QueuePairSource } from './queue-pairs.js';

const shortestPauseMilliseconds = 1000;
const longestPauseMilliseconds = 30_000;
/** How often this host looks whether its device is still there: a device that somebody holds is not let go. */
const lookMilliseconds = 1000;
/** What was found of devices holds for so long, and longer where there were none: every link asks. */
const freshMilliseconds = 500;
const noneFreshMilliseconds = 5000;

interface Found {
  verbs: Verbs;
  device: string;
  endpoint: Endpoint;
}

interface Blame {
  reason: string;
  until: number;
  pauseMilliseconds: number;
}

/** This host’s RDMA devices as links use them: one at a time, the first with an active port. */
export class RdmaSource implements QueuePairSource {
  #device: RdmaDevice | null = null;
  readonly #blames = new Map<string, Blame>();
  #wake: () => void = () => undefined;
  #found: Found | string = '';
  #foundUntil = -Infinity;

  constructor(
    private readonly config: RdmaConfig,
    private readonly log: (message: string, fields: Record<string, unknown>) => void,
    /** The driver of a device that is software, by the kernel’s number of the device; null: it is not. */
    private readonly softwareDriver: (deviceIndex: number) => string | null,
  ) {
    setInterval(() => this.#letGo(), lookMilliseconds);
  }

  open(events: QueuePairEvents): QueuePairs | string {
    this.#foundUntil = -Infinity;
    const found = this.#find();
    if (typeof found === 'string') return found;
    try {
      const device = this.#use(found.verbs, found.device);
      const pairs = device.open(found.endpoint, this.config, this.config.queuePairs, events);
      this.#wake(); // whoever sleeps did so without them
      return pairs;
    } catch (error) {
      return (error as Error).message;
    }
  }

  keysFor(address: number, byteCount: number): { localKey: number; remoteKey: number } {
    if (this.#device === null) throw new Error('no RDMA device is open');
    return this.#device.keysFor(address, byteCount);
  }

  poll(): boolean {
    return this.#device !== null && this.#device.poll();
  }

  takeDone(): void {
    this.#device?.takeDone();
  }

  sleep(wake: () => void): boolean {
    this.#wake = wake;
    return this.#device === null || this.#device.arm();
  }

  blame(host: string, reason: string): void {
    const before = this.#blames.get(host);
    const now = performance.now();
    const again = before !== undefined && now - before.until < longestPauseMilliseconds;
    const pauseMilliseconds = again
      ? Math.min(2 * before.pauseMilliseconds, longestPauseMilliseconds)
      : shortestPauseMilliseconds;
    this.#blames.set(host, { reason, until: now + pauseMilliseconds, pauseMilliseconds });
    this.log('RDMA failed', { host, reason });
  }

  isReady(host: string): boolean {
    return this.#reason(host) === null;
  }

  reasonFor(host: string): string {
    return this.#reason(host) ?? 'ready';
  }

  #reason(host: string): string | null {
    const found = this.#find();
    if (typeof found === 'string') return found;
    const blame = this.#blames.get(host);
    return blame !== undefined && performance.now() < blame.until ? blame.reason : null;
  }

  #use(verbs: Verbs, name: string): RdmaDevice {
    if (this.#device?.name === name) return this.#device;
    this.#device?.close(`${name} is used instead`);
    this.#device = null;
    this.#device = new RdmaDevice(
      verbs,
      name,
      () => this.#wake(),
      (reason) => this.#drop(reason),
    );
    return this.#device;
  }

  #drop(reason: string): void {
    const device = this.#device;
    this.#device = null;
    device?.close(reason);
  }

  #letGo(): void {
    if (this.#device?.isTakenAway === true) this.#drop(`${this.#device.name} is gone`);
  }

  #find(): Found | string {
    const now = performance.now();
    if (now < this.#foundUntil) return this.#found;
    const { verbs, reason } = loadVerbs();
    this.#found = verbs === null ? reason : this.#choose(verbs);
    this.#foundUntil = now + (verbs === null ? noneFreshMilliseconds : freshMilliseconds);
    return this.#found;
  }

  #softwareDriver(verbs: Verbs, name: string): string | null {
    const index = verbs.deviceIndex(name);
    return index === null ? null : this.softwareDriver(index);
  }

  /** The first port, in the order of the configuration, that can be used as the configuration says. */
  #choose(verbs: Verbs): Found | string {
    const [unusable, software]: [string[], string[]] = [[], []];
    for (const { device: name, port: wanted } of this.#candidates(verbs)) {
      let device;
      try {
        const driver = this.config.software ? null : this.#softwareDriver(verbs, name);
        if (driver !== null) {
          software.push(softwareReason(name, driver));
          continue;
        }
        device = verbs.queryDevice(name);
      } catch (error) {
        unusable.push((error as Error).message);
        continue;
      }
      for (const port of device.ports) {
        if (wanted !== null && port.number !== wanted) continue;
        const gids = device.gids.filter((each) => each.port === port.number);
        const endpoint = endpointOf(name, port, gids, this.config);
        if (typeof endpoint !== 'string') return { verbs, device: name, endpoint };
        unusable.push(endpoint);
      }
    }
    const why = [...new Set([...unusable, ...software])];
    if (why.length > 0) return why.join(', ');
    return `no RDMA device ${this.config.devices?.join(', ') ?? ''}`.trimEnd();
  }

  #candidates(verbs: Verbs): { device: string; port: number | null }[] {
    const there = verbs.listDevices();
    const wanted = (this.config.devices ?? there).map((each) => each.split('/') as [string, string?]);
    return wanted
      .filter(([device]) => there.includes(device))
      .map(([device, port]) => ({ device, port: port === undefined ? null : Number(port) }));
  }
}
