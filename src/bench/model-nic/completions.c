/* Completion queues: the NIC's thread puts in, one thread of the program takes out. */
#include "model.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void complete(struct completion_queue *queue, const struct completion *completion, bool is_solicited) {
    uint64_t in = atomic_load_explicit(&queue->in, memory_order_relaxed);
    if (in - atomic_load_explicit(&queue->out, memory_order_acquire) == queue->capacity) {
        fprintf(stderr, MODEL_NAME ": a completion queue of %u overflows\n", queue->capacity);
        abort();
    }
    queue->entries[in % queue->capacity] = *completion;
    atomic_store(&queue->in, in + 1);
    int armed = atomic_load(&queue->armed);
    if (armed == ARMED_NOT) return;
    if (armed == ARMED_SOLICITED && !is_solicited && completion->wc.status == IBV_WC_SUCCESS) return;
    if (!atomic_compare_exchange_strong(&queue->armed, &armed, ARMED_NOT)) return;
    uint64_t one = 1;
    if (write(queue->base.channel->fd, &one, sizeof one) < 0) perror(MODEL_NAME);
}

int poll_completions(struct ibv_cq *base, int count, struct ibv_wc *completions) {
    struct completion_queue *queue = (struct completion_queue *)base;
    uint64_t out = atomic_load_explicit(&queue->out, memory_order_relaxed);
    uint64_t in = atomic_load(&queue->in);
    int taken = 0;
    for (; taken < count && out < in; taken++, out++) {
        struct completion *entry = &queue->entries[out % queue->capacity];
        completions[taken] = entry->wc;
        /* As with a real NIC: a request without a completion of its own is known to be done by a later one. */
        if (entry->sender) entry->sender->reclaimed = entry->sends;
    }
    if (taken > 0) atomic_store_explicit(&queue->out, out, memory_order_release);
    return taken;
}

int arm_completions(struct ibv_cq *base, int solicited_only) {
    struct completion_queue *queue = (struct completion_queue *)base;
    atomic_store(&queue->armed, solicited_only ? ARMED_SOLICITED : ARMED_ANY);
    return 0;
}

void forget_sender(struct completion_queue *queue, struct queue_pair *pair) {
    for (uint64_t index = atomic_load(&queue->out); index < atomic_load(&queue->in); index++) {
        struct completion *entry = &queue->entries[index % queue->capacity];
        if (entry->sender == pair) entry->sender = NULL;
    }
}
