#include "unit.h"

/* TCP was reset, and what the other end sent before that may still come in the ring: vsockd has not said where it ends. */
void readiness_after_a_reset_that_was_told(void) {
    host_begin();
    struct ends ends = connect_ends();
    struct flow *f = make_flow(ends.here);
    struct vs_slot *h = f->header;
    int all = POLLIN | POLLOUT | POLLRDHUP;
    h->rx_end_of_stream = 1;
    h->error = ECONNRESET;
    check(!(flow_events(ends.here, f, all) & POLLHUP));
    check(flow_take_error(f) == ECONNRESET); /* by a send, say */
    check(flow_events(ends.here, f, all) == (all | POLLHUP));
}
