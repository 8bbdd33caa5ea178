#include "wait/wait.h"
#include "unit.h"

#include <unistd.h>

static struct flow *flow_on_tcp(struct ends *ends) {
    host_begin();
    *ends = connect_ends();
    struct flow *f = make_flow(ends->here);
    struct vs_slot *h = f->header;
    h->rx_on_ring = 0;
    h->rx_starts = h->rx_starts_taken = 0;
    h->tx_starts = 0;
    return f;
}

/* The other end went to its ring after the look that found nothing, and before this: no wake comes for it. */
void wait_ends_when_the_ring_began_a_moment_ago(void) {
    struct ends ends;
    struct flow *f = flow_on_tcp(&ends);
    struct vs_slot *h = f->header;
    uint64_t over = now_ns();
    check(wait_for_flow(ends.here, f, true, over, false) == -1 && errno == EAGAIN); /* nothing there */
    host_delivers(f, 5);
    h->rx_starts = 1;
    check(wait_for_flow(ends.here, f, true, over, false) == 1 && h->rx_on_ring && rx_available(f) == 5);
    /* Where bytes on TCP come before it, they are what is waited for. */
    h->rx_on_ring = 0;
    h->rx_start_low = 2;
    h->rx_starts = 2;
    check(wait_for_flow(ends.here, f, true, over, false) == -1 && !h->rx_on_ring);
    check(write(ends.there, "ab", 2) == 2);
    check(wait_for_flow(ends.here, f, true, now_ns() + 60 * NS_PER_SECOND, false) == 1 && f->tcp_maybe && !h->rx_on_ring);
}

/* Its socket has room, and that does not end the wait: the other end's reader was not told yet. */
void wait_between_ring_and_tcp_does_not_spin(void) {
    struct ends ends;
    struct flow *f = flow_on_tcp(&ends);
    struct vs_slot *h = f->header;
    h->tx_starts = h->tx_stops = 1;
    check(tx_between(h) && wait_for_flow(ends.here, f, false, now_ns(), false) == -1 && errno == EAGAIN);
    h->tx_stops_told = 1;
    check(wait_for_flow(ends.here, f, false, now_ns(), false) == 1);
}
