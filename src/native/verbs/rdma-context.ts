import { AsyncEvents, type AsyncEvent } from './async-events.js';
import { CompletionQueue } from './completion-queue.js';
import { contextOperationsOf, type ContextOperations } from './context-operations.js';
import { queryGidBytes } from './gids.js';
import { created, succeeded, type VerbsLibrary } from './library.js';
import { MemoryRegion } from './memory-region.js';
import { queryPort, type Port } from './port.js';
import { QueuePair, type QueuePairOptions } from './queue-pair.js';

/** An open device with one protection domain, and all that was made of it. Verbs.open() makes one. */
export class RdmaContext {
  readonly asyncFd: number;
  private readonly operations: ContextOperations;
  private readonly protectionDomain: number;
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
    this.operations = contextOperationsOf(context);
    this.events = new AsyncEvents(library, context);
    this.asyncFd = this.events.fd;
    try {
      this.protectionDomain = created('ibv_alloc_pd', library.allocPd(context));
    } catch (error) {
      library.closeDevice(context);
      throw error;
    }
  }

  queryPort(port: number): Port {
    return queryPort(this.library, this.#context, port);
  }

  /** The 16 bytes of a gid. @throws SystemCallError ENODATA where the table has none at this index */
  gid(port: number, index: number): Uint8Array {
    return queryGidBytes(this.library, this.#context, port, index);
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
    const queue: CompletionQueue = new CompletionQueue(
      this.library,
      this.operations,
      this.#context,
      depth,
      () => this.completionQueues.delete(queue),
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

  /** Destroys what was made of the device and still exists, then closes it. */
  close(): void {
    if (this.#context === 0) return;
    this.events.stop();
    for (const pair of this.queuePairs) pair.destroy();
    for (const queue of this.completionQueues) queue.close();
    for (const region of this.memoryRegions) region.deregister();
    succeeded('ibv_dealloc_pd', this.library.deallocPd(this.protectionDomain));
    succeeded('ibv_close_device', this.library.closeDevice(this.#context));
    this.#context = 0;
  }
}
