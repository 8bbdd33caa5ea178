import { closeSync } from 'node:fs';
import type { HostConfig, VmConfig } from '../config/host-config.js';
import {
  layoutVersion,
  processBlock,
  processCount,
  processOffset,
  region,
  regionBytes,
  regionMagic,
  ringBytes,
  slot,
  slotCount,
  slotOffset,
} from '../channel/region-layout.js';
import { SharedMemory } from '../native/shared-memory.js';
import { openFileLimit } from '../native/open-file-limit.js';
import { connectionShare } from './connection-share.js';
import { Doorbells } from './doorbells.js';
import type { FlowEnd } from './flow-end.js';
import { VmBudgets } from './vm-budgets.js';
import { Waiters } from './waiters.js';

/** A VM’s process that said hello. */
export interface GuestProcess {
  pid: number;
  program: string;
}

/** One VM: its memory, its processes, its flow ends by slot. */
export class GuestVm {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly memoryFd: number;
  readonly flows: (FlowEnd | null)[] = new Array<FlowEnd | null>(slotCount).fill(null);
  readonly processes: (GuestProcess | null)[] = new Array<GuestProcess | null>(processCount).fill(null);
  readonly waiters: Waiters;
  readonly doorbells: Doorbells<GuestVm>;
  readonly budgets: VmBudgets;
  /** On its channel, at the moment; how many it may have, and how often it wanted more. */
  readonly connections: { open: number; readonly most: number; refused: number };
  private readonly memory: SharedMemory;

  constructor(
    readonly config: VmConfig,
    readonly ledgerIndex: number,
    host: HostConfig,
  ) {
    const { memory, fd } = SharedMemory.openSealed(config.memory.path, regionBytes);
    this.memory = memory;
    this.memoryFd = fd;
    this.words = new Int32Array(memory.buffer);
    this.bytes = new Uint8Array(memory.buffer);
    this.waiters = new Waiters(this.words);
    this.doorbells = new Doorbells<GuestVm>(this, this.words);
    const limits = { ...host.vmLimits, ...config.limits };
    this.budgets = new VmBudgets(limits);
    const most = Math.min(limits.connections, connectionShare(openFileLimit(), host.vms.length));
    this.connections = { open: 0, most, refused: 0 };
    const header = this.words;
    header[region.slotCount >> 2] = slotCount;
    header[region.ringBytes >> 2] = ringBytes;
    header[region.upgradeAfterCalls >> 2] = host.upgradeAfterCalls;
    header[region.upgradeAfterBytes >> 2] = host.upgradeAfterBytes;
    header[region.guestSpinMicroseconds >> 2] = host.guestSpinMicroseconds;
    header[region.version >> 2] = layoutVersion;
    Atomics.store(header, region.magic >> 2, regionMagic);
  }

  get address(): number {
    return this.memory.address;
  }

  /** Tells the guest’s process that something happened to the slot, and wakes its sleepers. */
  notify(flow: FlowEnd): void {
    const process = this.words[flow.at(slot.process)] ?? 0;
    if (process < 0 || process >= processCount) return;
    const block = processOffset(process) >> 2;
    const word = flow.slot >> 5;
    Atomics.or(this.words, block + (processBlock.bits >> 2) + word, 1 << (flow.slot & 31));
    Atomics.or(this.words, block + (processBlock.summary >> 2) + (word >> 5), 1 << (word & 31));
    this.waiters.wake(process);
  }

  /** The process is gone: its block may be taken by another. */
  releaseProcess(process: number): void {
    this.processes[process] = null;
    const block = processOffset(process) >> 2;
    for (let w = 0; w < processBlock.bytes >> 2; w++) Atomics.store(this.words, block + w, 0);
  }

  freeSlot(index: number): void {
    const at = slotOffset(index) >> 2;
    Atomics.store(this.words, at + (slot.hostState >> 2), 0);
    Atomics.store(this.words, at + (slot.guestState >> 2), 0);
    Atomics.and(this.words, (region.slotsTaken >> 2) + (index >> 5), ~(1 << (index & 31)));
  }

  setHostSleeping(sleeping: boolean): void {
    Atomics.store(this.words, region.hostSleeping >> 2, sleeping ? 1 : 0);
  }

  close(): void {
    this.memory.close();
    closeSync(this.memoryFd);
  }
}
