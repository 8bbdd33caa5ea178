import type { QueuePairs, QueuePairSource } from './queue-pairs.js';

/** A host without RDMA, and why. */
export class NoQueuePairs implements QueuePairSource {
  constructor(private readonly reason: string) {}

  open(): QueuePairs | string {
    return this.reason;
  }

  keysFor(): never {
    throw new Error(`memory registered without RDMA: ${this.reason}`);
  }

  poll(): boolean {
    return false;
  }

  takeDone(): void {
    // Nothing is ever done.
  }

  sleep(): boolean {
    return true;
  }

  blame(): void {
    // There is nothing to offer to anybody.
  }

  isReady(): boolean {
    return false;
  }

  reasonFor(): string {
    return this.reason;
  }
}
