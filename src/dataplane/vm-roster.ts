import { statSync } from 'node:fs';
import type { HostConfig, VmConfig } from '../config/host-config.js';
import type { LedgerFile } from '../ledger/ledger-file.js';
import { identityAt, identityOf } from '../native/file-identity.js';
import { TcpLookup } from '../native/tcp-lookup.js';
import { GuestVm } from './guest-vm.js';
import type { SocketOwners } from './socket-owners.js';

interface Channel {
  close(): void;
}

export interface RosterNeeds {
  ledger: LedgerFile;
  owners: SocketOwners;
  /** Opens its channel, and takes up what was claimed before. */
  serve: (vm: GuestVm) => Channel;
  /** Told of each VM, and again when it changes; null: it is served. */
  show: (vm: string, problem: string | null) => void;
}

/** One VM of the configuration, as far as it could be taken up. */
interface Entry {
  config: VmConfig;
  vm: GuestVm | null;
  /** Which files its memory and its namespace were. */
  places: string;
  /** Null: it is not served. */
  channel: { server: Channel; place: string } | null;
  problem: string | null | undefined;
}

/** The VMs that the configuration names. One whose memory, namespace or channel is not there hurts no other: it is tried again. */
export class VmRoster {
  readonly present: GuestVm[] = [];
  private readonly entries: Entry[];

  constructor(
    private readonly config: HostConfig,
    private readonly needs: RosterNeeds,
  ) {
    this.entries = config.vms.map((vm) => ({
      config: vm,
      vm: null,
      places: '',
      channel: null,
      problem: undefined,
    }));
  }

  /** Maps the memory of those that are there. */
  open(): void {
    for (const entry of this.entries) if (entry.vm === null) this.try(entry, () => this.openOne(entry));
  }

  /** Opens the channels of those that have none. */
  serve(): void {
    for (const entry of this.entries) {
      const { vm } = entry;
      if (vm === null || entry.channel !== null) continue;
      try {
        const server = this.needs.serve(vm);
        entry.channel = { server, place: placeOf('its channel', entry.config.channel) };
        this.show(entry, null);
      } catch (error) {
        this.show(entry, `its channel: ${(error as Error).message}`);
      }
    }
  }

  /** Tries again what was not there, and looks whether the rest still is. */
  look(): void {
    this.open();
    for (const entry of this.entries) this.leaveLostChannel(entry);
    this.serve();
    for (const entry of this.entries)
      if (entry.channel !== null) this.try(entry, () => this.checkPlaces(entry));
  }

  private openOne(entry: Entry): void {
    const { config } = entry;
    const places = placesOf(config);
    const lookup = named('its network namespace', () => new TcpLookup(config.networkNamespace));
    try {
      const index = this.needs.ledger.vmIndex(config.name);
      entry.vm = named('its memory', () => new GuestVm(config, index, this.config));
    } catch (error) {
      lookup.close();
      throw error;
    }
    entry.places = places;
    this.needs.owners.add(entry.vm, lookup);
    this.present.push(entry.vm);
  }

  /** A channel whose socket is gone can be reached by nobody: it is made again. Who is connected to it stays so. */
  private leaveLostChannel(entry: Entry): void {
    if (entry.channel === null) return;
    if (identityAt(entry.config.channel) === entry.channel.place) return;
    entry.channel.server.close();
    entry.channel = null;
  }

  /** What is mapped and open stays so when the VM goes away; its processes end, and so do its flows. */
  private checkPlaces(entry: Entry): void {
    if (placesOf(entry.config) !== entry.places)
      throw new Error('its memory or its network namespace is another one now: restart vsockd');
    this.show(entry, null);
  }

  private try(entry: Entry, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.show(entry, (error as Error).message);
    }
  }

  private show(entry: Entry, problem: string | null): void {
    if (entry.problem === problem) return;
    entry.problem = problem;
    this.needs.show(entry.config.name, problem);
  }
}

/** @throws Error when one of them is gone */
function placesOf({ memory, networkNamespace }: VmConfig): string {
  return `${placeOf('its memory', memory.path)} ${placeOf('its network namespace', networkNamespace)}`;
}

function placeOf(what: string, path: string): string {
  return identityOf(named(what, () => statSync(path)));
}

function named<T>(what: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
  }
}
