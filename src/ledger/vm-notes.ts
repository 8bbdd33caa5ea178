import { closeSync } from 'node:fs';
import { guestReason } from '../channel/guest-reasons.js';
import { noteCodeUnit, noteCount, region, regionBytes } from '../channel/region-layout.js';
import type { VmConfig } from '../config/host-config.js';
import { SharedMemory } from '../native/shared-memory.js';
import type { ConnectionNote } from './ledger-flow.js';

/** How long a VM whose memory is not there is left alone. */
const patienceMilliseconds = 3000;

/** What the libraries of the VMs noted of connections, in the VMs’ own memory. A VM that is not there has noted nothing. */
export class VmNotes {
  private readonly vms: Map<string, { path: string; triedAt: number; memory: SharedMemory | null }>;
  private readonly cookies = new Map<string, BigUint64Array>();

  constructor(vms: readonly VmConfig[]) {
    this.vms = new Map(
      vms.map(({ name, memory }) => [name, { path: memory.path, triedAt: -Infinity, memory: null }]),
    );
  }

  /** The guest’s word, so only a reason to show: the cookie, and in its top byte what became of the connection. */
  find(vm: string, cookie: bigint): ConnectionNote | null {
    const cookies = this.cookies.get(vm) ?? this.open(vm);
    const note = cookies?.[Number(cookie % BigInt(noteCount))] ?? 0n;
    return note % noteCodeUnit === cookie ? guestReason(Number(note / noteCodeUnit)) : null;
  }

  close(): void {
    for (const { memory } of this.vms.values()) memory?.close();
    this.cookies.clear();
  }

  private open(name: string): BigUint64Array | null {
    const vm = this.vms.get(name);
    const now = performance.now();
    if (vm === undefined || now - vm.triedAt < patienceMilliseconds) return null;
    vm.triedAt = now;
    try {
      const { memory, fd } = SharedMemory.openSealed(vm.path, regionBytes);
      closeSync(fd);
      vm.memory = memory;
      const cookies = new BigUint64Array(memory.buffer, region.notes, noteCount);
      this.cookies.set(name, cookies);
      return cookies;
    } catch {
      return null; // the data plane says what is wrong with it
    }
  }
}
