/* The TCP side of a flow: the kernel counts the bytes, so nobody else has to. */
#include "internal.h"

#include <netinet/in.h>

/* struct tcp_info of linux/tcp.h; glibc's own ends before these fields. */
enum { INFO_STATE = 0, INFO_BYTES_RECEIVED = 128, INFO_NOTSENT = 144, INFO_BYTES_SENT = 200, INFO_BYTES_RETRANS = 208 };
enum { INFO_BYTES = 216 };

bool tcp_counts(int fd, struct tcp_counts *out) {
    uint8_t info[256];
    socklen_t size = sizeof info;
    uint64_t sent, retransmitted;
    uint32_t not_sent;
    if (real()->getsockopt(fd, IPPROTO_TCP, 11 /* TCP_INFO */, info, &size) != 0 || size < INFO_BYTES) return false;
    memcpy(&sent, info + INFO_BYTES_SENT, 8);
    memcpy(&retransmitted, info + INFO_BYTES_RETRANS, 8);
    memcpy(&not_sent, info + INFO_NOTSENT, 4);
    memcpy(&out->received, info + INFO_BYTES_RECEIVED, 8);
    out->state = info[INFO_STATE];
    out->written = sent - retransmitted + not_sent;
    return true;
}

/*
 * The count of arrived bytes is read before the receive queue is looked at: when all that the other end put on
 * TCP had arrived by then and the queue is empty, all of it was read, and the ring comes next.
 */
enum tcp_side tcp_look(int fd, struct flow *f) {
    struct vs_slot *h = f->header;
    struct tcp_counts counts = {0};
    bool all_arrived = false;
    uint32_t starts = load(&h->rx_starts);
    f->start_seen = starts != h->rx_starts_taken;
    if (!h->rx_on_ring && f->start_seen) {
        uint64_t start = (uint64_t)h->rx_start_high << 32 | h->rx_start_low;
        all_arrived = tcp_counts(fd, &counts) && counts.received >= start;
    }
    char byte;
    f->tcp_maybe = false;
    full_fence();
    ssize_t n = real()->recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n > 0) {
        f->tcp_maybe = true;
        return TCP_DATA;
    }
    if (n == 0) {
        h->rx_on_ring = 1;
        if (!h->rx_end_of_stream) {
            store(&h->rx_end_of_stream, 1);
            doorbell(f->slot); /* vsockd answers with the position where the ring ends */
        }
        return TCP_NOTHING;
    }
    if (errno == EAGAIN) {
        if (all_arrived) {
            h->rx_starts_taken = starts;
            h->rx_on_ring = 1;
        }
        return TCP_NOTHING;
    }
    f->error = errno; /* the look took it from the kernel */
    return TCP_FAILED;
}
