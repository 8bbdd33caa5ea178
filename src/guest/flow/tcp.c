/* The TCP side of a flow: the kernel counts the bytes, so nobody else has to. */
#include "flow.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/ioctl.h>

/* struct tcp_info of linux/tcp.h; glibc's own ends before these fields. */
enum { INFO_STATE = 0, INFO_BYTES_RECEIVED = 128, INFO_NOTSENT = 144, INFO_BYTES_SENT = 200, INFO_BYTES_RETRANS = 208 };
enum { INFO_BYTES = 216, OPTION_TCP_INFO = 11 };

bool tcp_counts(int fd, struct tcp_counts *out) {
    uint8_t info[256];
    socklen_t size = sizeof info;
    uint64_t sent, retransmitted;
    uint32_t not_sent;
    if (kernel(SYS_getsockopt, fd, IPPROTO_TCP, OPTION_TCP_INFO, info, &size) != 0 || size < INFO_BYTES) return false;
    memcpy(&sent, info + INFO_BYTES_SENT, 8);
    memcpy(&retransmitted, info + INFO_BYTES_RETRANS, 8);
    memcpy(&not_sent, info + INFO_NOTSENT, 4);
    memcpy(&out->received, info + INFO_BYTES_RECEIVED, 8);
    out->state = info[INFO_STATE];
    out->written = sent - retransmitted + not_sent;
    return true;
}

int rest_of(const struct iovec *iov, int count, size_t skip, size_t limit, struct iovec *out) {
    int n = 0;
    for (int i = 0; i < count && limit > 0; i++) {
        if (skip >= iov[i].iov_len) {
            skip -= iov[i].iov_len;
            continue;
        }
        size_t length = iov[i].iov_len - skip;
        if (length > limit) length = limit;
        out[n++] = (struct iovec){(uint8_t *)iov[i].iov_base + skip, length};
        limit -= length;
        skip = 0;
    }
    return n;
}

static ssize_t receive_at_most(int fd, const struct iovec *iov, int count, size_t skip, size_t limit, int flags) {
    struct iovec rest[count + 1];
    struct msghdr message = {.msg_iov = rest, .msg_iovlen = (size_t)rest_of(iov, count, skip, limit, rest)};
    return kernel(SYS_recvmsg, fd, &message, (flags & (MSG_PEEK | MSG_TRUNC)) | MSG_DONTWAIT);
}

/* A socket whose both ends are over is closed; after a reset nothing is read any more. */
static bool end_arrived(uint8_t state) {
    return state == STATE_CLOSE || state == STATE_CLOSE_WAIT || state == STATE_LAST_ACK || state == STATE_CLOSING || state == STATE_TIME_WAIT;
}

/*
 * What the program has not taken yet. The kernel counts no further than urgent data, but where a program wants that in its
 * stream: no flow's does (carried.c). Its sender has left the ring by then.
 */
static bool count_queued(int fd, struct vs_slot *h, int *queued) {
    bool has_urgent = load(&h->left) || tcp_events(fd, POLLPRI) & POLLPRI;
    int counts_all = 1, as_before = 0;
    if (has_urgent) kernel(SYS_setsockopt, fd, SOL_SOCKET, SO_OOBINLINE, &counts_all, sizeof counts_all);
    bool counted = kernel(SYS_ioctl, fd, FIONREAD, queued) == 0;
    if (has_urgent) kernel(SYS_setsockopt, fd, SOL_SOCKET, SO_OOBINLINE, &as_before, sizeof as_before);
    return counted;
}

/*
 * Whether the end of the stream came behind queued bytes: of a closed socket, since a reset may have cut it as well. What
 * the kernel tells with TCP_INQ counts the end, FIONREAD does not (net/ipv4/tcp.c: tcp_inq_hint(), tcp_inq()).
 */
static bool end_is_queued(int fd, int queued) {
    int wanted = 1, before = 0, left = 0;
    socklen_t size = sizeof before;
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof left)];
    } control;
    char byte;
    struct iovec one = {&byte, 1};
    struct msghdr message = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    if (kernel(SYS_getsockopt, fd, IPPROTO_TCP, TCP_OPTION_INQ, &before, &size) != 0) return true;
    kernel(SYS_setsockopt, fd, IPPROTO_TCP, TCP_OPTION_INQ, &wanted, sizeof wanted);
    ssize_t n = kernel(SYS_recvmsg, fd, &message, MSG_PEEK | MSG_DONTWAIT);
    kernel(SYS_setsockopt, fd, IPPROTO_TCP, TCP_OPTION_INQ, &before, sizeof before);
    struct cmsghdr *told = n >= 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (!told || told->cmsg_level != IPPROTO_TCP || told->cmsg_type != TCP_OPTION_INQ) return true;
    memcpy(&left, CMSG_DATA(told), sizeof left);
    return left > queued;
}

bool tcp_at_mark(int fd) {
    int is_there = 0;
    return kernel(SYS_ioctl, fd, SIOCATMARK, &is_there) == 0 && is_there;
}

/* How many bytes of TCP come before the ring, once that was told. The program took what has arrived and is not queued. */
static uint64_t left_before_ring(int fd, struct vs_slot *h) {
    uint64_t start = (uint64_t)h->rx_start_high << 32 | h->rx_start_low;
    struct tcp_counts counts, again;
    int queued = 0;
    do {
        if (!tcp_counts(fd, &counts) || !count_queued(fd, h, &queued) || !tcp_counts(fd, &again))
            return UINT64_MAX;
    } while (counts.received != again.received || counts.state != again.state);
    bool is_closed = counts.state == STATE_CLOSE;
    bool ended = is_closed ? queued > 0 && end_is_queued(fd, queued) : end_arrived(counts.state);
    uint64_t not_taken = (uint64_t)queued + (ended ? 1 : 0); /* the end is counted as a byte */
    uint64_t taken = counts.received > not_taken ? counts.received - not_taken : 0;
    uint64_t left = start > taken ? start - taken : 0;
    if (is_closed && left > (uint64_t)queued) left = (uint64_t)queued;
    return left == 1 && tcp_at_mark(fd) ? 0 : left; /* the urgent byte, which no read and no look gets */
}

/* With SO_PEEK_OFF a look of the library's own would begin, and end, where the program's are to. */
static bool is_counted(int fd, struct vs_slot *h, int *queued) {
    return __builtin_expect(load(&h->look_from), 0) && kernel(SYS_ioctl, fd, FIONREAD, queued) == 0 && *queued > 0;
}

static void go_on_in_ring(struct vs_slot *h) {
    h->rx_starts_taken = load(&h->rx_starts);
    h->rx_on_ring = 1;
}

bool tcp_is_read_to_ring(int fd, struct vs_slot *h) {
    if (!rx_start_told(h) || left_before_ring(fd, h) > 0) return false;
    go_on_in_ring(h);
    return true;
}

/* After shutdown(SHUT_RD) the kernel says that there is nothing, though more may come. */
static bool is_at_end(int fd, struct vs_slot *h) {
    struct tcp_counts counts;
    return !h->rx_shut || (tcp_counts(fd, &counts) && end_arrived(counts.state));
}

static void note_end_of_tcp(struct flow *f) {
    struct vs_slot *h = f->header;
    h->rx_on_ring = 1;
    if (h->rx_end_of_stream) return;
    store(&h->rx_end_of_stream, 1);
    doorbell(f->slot); /* vsockd answers with the position where the ring ends */
}

static ssize_t none_now(void) {
    errno = EAGAIN;
    return -1;
}

/*
 * The other end may have gone over to the ring, back, and put more on TCP, all before its start was told here: so nothing
 * is taken from TCP that was not seen there before a look at the words that tell of the start.
 */
ssize_t tcp_receive_before_ring(int fd, struct flow *f, const struct iovec *iov, int count, size_t skip, int flags) {
    struct vs_slot *h = f->header;
    if (!rx_start_told(h)) {
        int queued;
        bool counts = !(flags & MSG_PEEK) && is_counted(fd, h, &queued);
        ssize_t seen = counts ? queued : receive_at_most(fd, iov, count, skip, SIZE_MAX, flags | MSG_PEEK);
        if (!rx_start_told(h)) {
            if (seen == 0) {
                if (load(&h->left) || !is_at_end(fd, h)) return 0;
                note_end_of_tcp(f);
                return none_now();
            }
            if (seen < 0 || (flags & MSG_PEEK)) return seen;
            return receive_at_most(fd, iov, count, skip, (size_t)seen, flags);
        }
    }
    uint64_t left = left_before_ring(fd, h);
    if (left == 0) {
        go_on_in_ring(h);
        return none_now();
    }
    return receive_at_most(fd, iov, count, skip, (size_t)left, flags);
}

/* A look at TCP beyond the first bytes in the kernel's queue, which other bytes of the stream come between. */
static ssize_t peek_beyond(int fd, size_t first, const struct iovec *iov, int count, size_t skip, int flags) {
    struct iovec rest[count + 2];
    rest[0] = (struct iovec){malloc(first), first};
    if (!rest[0].iov_base) return 0;
    struct msghdr message = {.msg_iov = rest, .msg_iovlen = 1 + (size_t)rest_of(iov, count, skip, SIZE_MAX, rest + 1)};
    ssize_t n = kernel(SYS_recvmsg, fd, &message, (flags & (MSG_PEEK | MSG_TRUNC)) | MSG_DONTWAIT);
    free(rest[0].iov_base);
    return n > (ssize_t)first ? n - (ssize_t)first : 0;
}

ssize_t ring_peek_after_tcp(int fd, struct flow *f, size_t from_tcp, const struct iovec *iov, int count, size_t skip, int flags) {
    struct vs_slot *h = f->header;
    if (left_before_ring(fd, h) != from_tcp) return 0;
    ssize_t n = ring_take(f, iov, count, skip, flags);
    bool to_its_end = n > 0 && rx_stop_told(h) && h->rx_stop_position - h->rx_tail == (size_t)n;
    return to_its_end ? n + peek_beyond(fd, from_tcp, iov, count, skip + (size_t)n, flags) : n;
}

int tcp_events(int fd, short wanted) {
    struct pollfd tcp = {fd, wanted, 0};
    return kernel(SYS_poll, &tcp, 1, 0) == 1 ? tcp.revents : 0;
}

bool tcp_has_error(int fd) {
    return tcp_events(fd, 0) & POLLERR;
}

bool tcp_has_only_error(int fd) {
    int queued = 0;
    return tcp_has_error(fd) && kernel(SYS_ioctl, fd, FIONREAD, &queued) == 0 && queued == 0;
}

ssize_t tcp_peek_after_ring(int fd, struct flow *f, size_t from_ring, const struct iovec *iov, int count, size_t skip, int flags) {
    struct vs_slot *h = f->header;
    if (h->rx_stop_position - h->rx_tail != from_ring) return 0;
    ssize_t n = tcp_has_only_error(fd) ? 0 : receive_at_most(fd, iov, count, skip, SIZE_MAX, flags);
    return n > 0 ? n : 0;
}

bool tcp_broke(int fd, struct flow *f) {
    int error = 0;
    socklen_t size = sizeof error;
    if (!tcp_has_error(fd)) return false;
    if (kernel(SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error) store(&f->header->error, (uint32_t)error);
    return load(&f->header->error) != 0;
}

enum tcp_side tcp_look(int fd, struct flow *f) {
    struct vs_slot *h = f->header;
    bool in_ring = h->rx_on_ring || tcp_is_read_to_ring(fd, h);
    char byte;
    f->tcp_maybe = false;
    full_fence();
    int queued;
    bool counts = is_counted(fd, h, &queued);
    ssize_t n = counts ? queued : kernel(SYS_recvfrom, fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT, NULL, NULL);
    if (n > 0) {
        if (!in_ring) {
            f->tcp_maybe = true;
            return TCP_DATA;
        }
        f->tcp_maybe = true; /* for the time when the ring is read to its stop */
        if (!rx_stop_told(h) && !h->fault) {
            /* Somebody wrote past the library: the order of the bytes is lost. */
            h->fault = REASON_BEHIND_LIBRARY;
            full_fence();
            doorbell(f->slot);
        }
        return TCP_NOTHING;
    }
    if (n == 0) {
        if (!in_ring && load(&h->left)) return TCP_DATA; /* the end, as the kernel tells it */
        if (is_at_end(fd, h)) note_end_of_tcp(f);
        return TCP_NOTHING;
    }
    if (errno == EAGAIN) return TCP_NOTHING;
    store(&f->header->error, (uint32_t)errno); /* the look took it from the kernel */
    if (in_ring) note_end_of_tcp(f);
    return TCP_FAILED;
}
