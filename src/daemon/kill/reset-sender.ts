import type { HostConfig } from '../../config/host-config.js';
import type { VmDirectory } from '../flows/vm-directory.js';
import type { Log } from '../log.js';
import type { DoomedConnection } from './connection-end.js';
import { doomedConnections } from './doomed-connections.js';
import type { KillTarget } from './flow-killer.js';
import { freeze, thaw } from './freeze.js';
import { PacketTap } from './packet-tap.js';
import { filterCapacity, portFilter } from './port-filter.js';
import { resetRound } from './reset-round.js';

/** Groups of connections that are reset at the same time. */
const roundsAtOnce = 4;

/** Resets connections at both ends with frames of the host’s own. */
export class ResetSender {
  #atWork = 0;

  constructor(
    private readonly config: HostConfig,
    private readonly directory: VmDirectory,
    private readonly log: Log,
  ) {}

  /** Takes away what a killed predecessor may have left frozen. */
  async clear(): Promise<void> {
    try {
      await thaw();
    } catch (error) {
      this.log.warn({ error: (error as Error).message }, 'connections cannot be frozen while they are reset');
    }
  }

  /**
   * Sends resets; whether the guests’ kernels took them is for the caller to look up.
   * @param whenFrozen called before the first: nothing else passes from one end to the other now
   */
  async send(targets: readonly KillTarget[], whenFrozen: () => void): Promise<void> {
    const connections = doomedConnections(targets, this.directory, this.config.bridges);
    if (connections.length === 0) return whenFrozen();
    this.#atWork++;
    try {
      await this.#freeze(connections);
      whenFrozen();
      const groups: DoomedConnection[][] = [];
      for (let at = 0; at < connections.length; at += filterCapacity)
        groups.push(connections.slice(at, at + filterCapacity));
      const workers = Array.from({ length: roundsAtOnce }, async () => {
        for (let group = groups.shift(); group; group = groups.shift()) await this.#reset(group);
      });
      await Promise.all(workers);
    } finally {
      if (--this.#atWork === 0) await this.clear();
    }
  }

  /** Without it, a reset of a busy connection may miss the sequence number and is tried again. */
  async #freeze(connections: DoomedConnection[]): Promise<void> {
    try {
      await freeze(connections);
    } catch (error) {
      this.log.warn({ error: (error as Error).message }, 'connections could not be frozen to reset them');
    }
  }

  async #reset(connections: DoomedConnection[]): Promise<void> {
    const ends = connections.flatMap((connection) => connection.ends);
    const taps = new Map<string, PacketTap>();
    try {
      for (const device of new Set(ends.map((end) => end.device))) {
        const behind = ends.filter((end) => end.device === device);
        const ports = behind.map(({ here, peer }) => ({ source: here.port, destination: peer.port }));
        taps.set(device, new PacketTap(device, portFilter(ports)));
      }
      await resetRound(connections, taps);
    } catch (error) {
      this.log.error({ error: (error as Error).message }, 'resets could not be sent');
    } finally {
      for (const tap of taps.values()) tap.close();
    }
  }
}
