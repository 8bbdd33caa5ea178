/* What poll and epoll would say of an engaged flow. */
#include "flow.h"

#define WANTS_OUT (POLLOUT | POLLWRNORM)

/* What the kernel says of urgent data, the end of the stream, or a reset, while the ring has bytes that come before. */
static int told_by_tcp(int fd) {
    int events = tcp_events(fd, POLLRDHUP | POLLPRI);
    if (events & POLLHUP) events |= POLLIN | POLLOUT | POLLRDHUP;
    if (events & POLLRDHUP) events |= POLLIN;
    return events;
}

static int read_events(int fd, struct flow *f) {
    struct vs_slot *h = f->header;
    if (rx_at_stop(h)) rx_leave_ring(f);
    if (!h->rx_on_ring) {
        slot_lock(&h->rx_lock);
        enum tcp_side side = f->tcp_maybe || rx_start_told(h) ? tcp_look(fd, f) : TCP_NOTHING;
        slot_unlock(&h->rx_lock);
        if (side == TCP_DATA) return POLLIN | tcp_events(fd, POLLRDHUP | POLLPRI); /* the end, urgent data, a reset */
        if (!h->rx_on_ring) return load(&f->header->error) ? POLLIN | POLLERR : h->rx_shut ? POLLIN | POLLRDHUP : 0;
    } else if (f->tcp_maybe && !h->rx_end_of_stream) {
        slot_lock(&h->rx_lock);
        tcp_look(fd, f);
        slot_unlock(&h->rx_lock);
    }
    int events = rx_enough(f) ? POLLIN : 0;
    if (load(&h->rx_final)) events |= POLLRDHUP; /* all of the stream is here, though it may be unread */
    if (rx_at_end(f) || h->rx_shut) events |= POLLIN | POLLRDHUP;
    return events;
}

static int write_events(int fd, struct flow *f, int want) {
    struct vs_slot *h = f->header;
    if (h->tx_shut) return POLLOUT;
    if (!(want & WANTS_OUT) || tx_between(h) || flow_owes(f)) return 0;
    if (!tx_on_ring(h) || tx_must_leave(h)) {
        return tcp_events(fd, POLLOUT) & POLLOUT;
    }
    if (tx_free(f) >= VS_RING_BYTES / 4) return POLLOUT;
    ring_want_space(f);
    return tx_free(f) >= VS_RING_BYTES / 4 ? POLLOUT : 0;
}

int flow_events(int fd, struct flow *f, int want) {
    int events = 0, urgent = 0;
    flow_progress(fd, f);
    struct vs_slot *h = f->header;
    if (h->rx_end_of_stream && !flow_is_dead(f)) tcp_broke(fd, f);
    if (!flow_reads_no_more(f)) events = read_events(fd, f) | write_events(fd, f, want);
    bool of_kernel = load(&h->left) || (h->rx_end_of_stream && load(&h->rx_final)) || (h->rx_on_ring && rx_stop_told(h));
    if (of_kernel && !flow_is_dead(f)) events |= told_by_tcp(fd);
    /* Also where the other end's last bytes may be on their way, once the program knows of the reset: to the kernel all is over. */
    if (flow_reads_no_more(f) || (flow_is_dead(f) && (load(&h->rx_final) || load(&h->reset_told))))
        events = POLLIN | POLLOUT | POLLHUP | POLLRDHUP | (h->reset_told ? 0 : POLLERR);
    if ((want & POLLPRI) && (load(&h->left) || !h->rx_on_ring)) urgent = tcp_events(fd, POLLPRI) & POLLPRI;
    if ((events & POLLRDHUP) && h->tx_shut) events |= POLLHUP;
    if (events & POLLIN) events |= POLLRDNORM;
    if (events & POLLOUT) events |= POLLWRNORM;
    return (events | urgent) & (want | POLLERR | POLLHUP);
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
                if (f && f->connection) flow_notice_locked(f);
            }
        }
    }
}
