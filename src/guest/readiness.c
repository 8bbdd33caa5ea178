/* What poll and epoll would say of an engaged flow. */
#include "internal.h"

static int read_events(int fd, struct flow *f) {
    struct vs_slot *h = f->header;
    if (h->rx_on_ring && rx_at_stop(h)) rx_leave_ring(f);
    if (!h->rx_on_ring) {
        if ((f->tcp_maybe || (rx_start_told(h) && !f->start_seen)) && tcp_look(fd, f) == TCP_DATA) return POLLIN;
        if (!h->rx_on_ring) return f->error ? POLLIN | POLLERR : h->rx_shut ? POLLIN | POLLRDHUP : 0;
    }
    if (rx_at_end(f)) return POLLIN | POLLRDHUP;
    if (rx_available(f)) return POLLIN;
    if (h->rx_shut) return POLLIN | POLLRDHUP;
    if (f->tcp_maybe && !h->rx_end_of_stream) {
        tcp_look(fd, f);
        if (rx_at_end(f)) return POLLIN | POLLRDHUP;
    }
    return 0;
}

static int write_events(int fd, struct flow *f, int want) {
    if (f->header->tx_shut) return POLLOUT;
    if (!(want & POLLOUT)) return 0;
    if (tx_between(f->header)) return 0;
    if (!tx_on_ring(f->header) || tx_must_leave(f->header)) {
        struct pollfd tcp = {fd, POLLOUT, 0};
        return real()->poll(&tcp, 1, 0) == 1 ? POLLOUT : 0;
    }
    if (tx_free(f) >= VS_RING_BYTES / 4) return POLLOUT;
    ring_want_space(f);
    return tx_free(f) >= VS_RING_BYTES / 4 ? POLLOUT : 0;
}

int flow_events(int fd, struct flow *f, int want) {
    int events = flow_is_dead(f) ? 0 : read_events(fd, f) | write_events(fd, f, want);
    if (flow_is_dead(f)) events = POLLIN | POLLOUT | POLLHUP | POLLRDHUP | (f->header->reset_told ? 0 : POLLERR);
    if ((events & POLLRDHUP) && f->header->tx_shut) events |= POLLHUP;
    return events & (want | POLLERR | POLLHUP);
}

void dispatch_locked(void) {
    struct vs_process *p = shared_region ? own_process() : NULL;
    if (!p) return;
    for (uint32_t s = 0; s < VS_SUMMARY_WORDS; s++) {
        if (!load(&p->summary[s])) continue;
        for (uint32_t words = swap(&p->summary[s], 0); words; words &= words - 1) {
            uint32_t word = s * 32 + (uint32_t)__builtin_ctz(words);
            for (uint32_t bits = swap(&p->bits[word], 0); bits; bits &= bits - 1) {
                struct flow *f = flows_by_slot[word * 32 + (uint32_t)__builtin_ctz(bits)];
                if (!f || !f->entries) continue;
                flow_engage_locked(f);
                epoll_mark_flow(f);
            }
        }
    }
}
