import type { CompletionQueue } from '../../native/verbs/completion-queue.js';
import type { RdmaContext } from '../../native/verbs/rdma-context.js';

/** Larger ones save no more than they cost: the processor copies them, and the send queue grows by as much. */
const sizes = [256, 128, 64, 32] as const;

/** How many bytes a device takes with a request to send: it does not tell, it only refuses (ibv_create_qp(3)). */
export function largestInline(context: RdmaContext, completionQueue: CompletionQueue): number {
  for (const maxInlineBytes of sizes) {
    try {
      context.createQueuePair({ completionQueue, sendDepth: 1, receiveDepth: 1, maxInlineBytes }).destroy();
      return maxInlineBytes;
    } catch {
      // The next one is smaller.
    }
  }
  return 0;
}
