import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AsyncEvents, type AsyncEvent } from './async-events.js';
import { CompletionQueue } from './completion-queue.js';
import { deviceFilesDirectory } from './constants.js';
import { contextOperationsOf, type ContextOperations } from './context-operations.js';
import { queryGidBytes } from './gids.js';
import { deviceNameBytes, ibvContext, ibvDevice } from './layouts.js';
import { created, succeeded, type VerbsLibrary } from './library.js';
import { MemoryRegion } from './memory-region.js';
import { queryPort, type Port } from './port.js';
import { QueuePair, type QueuePairOptions } from './queue-pair.js';
import { readPointer, readText } from './struct-memory.js';

/** An open device with one protection domain, and all that was made of it. Verbs.open() makes one. */
export class RdmaContext {
  readonly asyncFd: number;
  /** The device’s file, `uverbs0`. */
  private readonly file: string;
  /** The kernel knows the device; it knows none that is a program’s own. */
  private readonly isOfKernel: boolean;
  private readonly operations: ContextOperations;
  readonly #domain: number;
  private readonly events: AsyncEvents;
  private readonly queuePairs = new Set<QueuePair>();
  private readonly completionQueues = new Set<CompletionQueue>();
  private readonly memoryRegions = new Set<MemoryRegion>();
  #context: number;

  /** @param context an open device, which from now on belongs to this object */
  constructor(
    private readonly library: VerbsLibrary,
    readonly device: string,
    context: number,
  ) {
    this.#context = context;
    this.file = readText(readPointer(context, ibvContext.device), ibvDevice.devName, deviceNameBytes);
    this.isOfKernel = existsSync(join(deviceFilesDirectory, this.file, 'ibdev'));
    this.operations = contextOperationsOf(context);
    this.events = new AsyncEvents(library, context);
    this.asyncFd = this.events.fd;
    try {
      this.#domain = created('ibv_alloc_pd', library.allocPd(context));
    } catch (error) {
      library.closeDevice(context);
      throw error;
    }
  }

  queryPort(port: number): Port {
    return queryPort(this.library, this.live, port);
  }

  /** The 16 bytes of a gid. @throws SystemCallError ENODATA where the table has none at this index */
  gid(port: number, index: number): Uint8Array {
    return queryGidBytes(this.library, this.live, port, index);
  }

  /**
   * Whether somebody takes the device away, and waits for us to close it. Its file goes first, and itself when nobody
   * has it open (ib_uverbs_remove_one in the kernel’s uverbs_main.c; a driver that can do without says so by an event).
   */
  get isTakenAway(): boolean {
    if (!this.isOfKernel) return false;
    try {
      return readFileSync(join(deviceFilesDirectory, this.file, 'ibdev'), 'utf8').trim() !== this.device;
    } catch (error) {
      return ['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '');
    }
  }

  /** Calls back, from Node’s event loop, for everything that happens to the device and its objects. */
  watchEvents(listener: (event: AsyncEvent) => void): void {
    this.events.watch(listener);
  }

  /** @param access bits of `access` */
  registerMemory(address: number, bytes: number, access: number): MemoryRegion {
    const region: MemoryRegion = new MemoryRegion(
      this.library,
      this.protectionDomain,
      address,
      bytes,
      access,
      () => this.memoryRegions.delete(region),
    );
    this.memoryRegions.add(region);
    return region;
  }

  /** @param depth completions that it must be able to hold */
  createCompletionQueue(depth: number): CompletionQueue {
    const queue: CompletionQueue = new CompletionQueue(this.library, this.operations, this.live, depth, () =>
      this.completionQueues.delete(queue),
    );
    this.completionQueues.add(queue);
    return queue;
  }

  /** A queue pair of type RC, in state RESET. */
  createQueuePair(options: QueuePairOptions): QueuePair {
    const pair: QueuePair = new QueuePair(this.library, this.operations, this.protectionDomain, options, () =>
      this.queuePairs.delete(pair),
    );
    this.queuePairs.add(pair);
    return pair;
  }

  /** C would follow a pointer to nothing. */
  private get live(): number {
    if (this.#context === 0) throw new Error(`${this.device} is closed`);
    return this.#context;
  }

  private get protectionDomain(): number {
    return this.live && this.#domain;
  }

  /** Destroys what was made of the device and still exists, then closes it. */
  close(): void {
    if (this.#context === 0) return;
    this.events.stop();
    for (const pair of this.queuePairs) pair.destroy();
    for (const queue of this.completionQueues) queue.close();
    for (const region of this.memoryRegions) region.deregister();
    succeeded('ibv_dealloc_pd', this.library.deallocPd(this.#domain));
    succeeded('ibv_close_device', this.library.closeDevice(this.#context));
    this.#context = 0;
  }
}
