/* Sending and receiving, on TCP or in the rings, with TCP's habits on both. */
#include "internal.h"

#include <fcntl.h>
#include <unistd.h>

bool is_nonblocking(int fd, int flags) {
    return (flags & MSG_DONTWAIT) || (real()->fcntl(fd, F_GETFL) & O_NONBLOCK);
}

static size_t total_of(const struct iovec *iov, int count) {
    size_t total = 0;
    for (int i = 0; i < count; i++) total += iov[i].iov_len;
    return total;
}

#define PARTS 64
/* The part of the vector that is left after `skip` bytes; at most PARTS pieces, which a stream allows. */
static int rest_of(const struct iovec *iov, int count, size_t skip, struct iovec *out) {
    int n = 0;
    for (int i = 0; i < count && n < PARTS; i++) {
        if (skip >= iov[i].iov_len) {
            skip -= iov[i].iov_len;
            continue;
        }
        out[n++] = (struct iovec){(uint8_t *)iov[i].iov_base + skip, iov[i].iov_len - skip};
        skip = 0;
    }
    return n;
}

static ssize_t tcp_receive(int fd, const struct iovec *iov, int count, size_t skip, int flags) {
    struct iovec rest[PARTS];
    struct msghdr message = {.msg_iov = rest, .msg_iovlen = (size_t)rest_of(iov, count, skip, rest)};
    return real()->recvmsg(fd, &message, flags);
}

/* A reset is told once, then the stream is at its end; so TCP does it. */
static ssize_t reset_on_receive(struct flow *f) {
    int error = flow_take_error(f);
    if (error == 0) return 0;
    errno = error;
    return -1;
}

static ssize_t receive_engaged(int fd, struct flow *f, const struct iovec *iov, int count, size_t skip, int flags) {
    struct vs_slot *h = f->header;
    if (h->rx_on_ring && rx_at_stop(h)) rx_leave_ring_locked(f);
    if (__builtin_expect(!h->rx_on_ring, 0)) {
        /* What TCP has comes next in any case; only when it has nothing a look tells why. */
        ssize_t got = tcp_receive(fd, iov, count, skip, (flags & ~MSG_WAITALL) | MSG_DONTWAIT);
        if (got > 0) return got;
        if (got < 0 && errno != EAGAIN) f->error = errno;
        enum tcp_side side = f->error ? TCP_FAILED : tcp_look(fd, f);
        if (side == TCP_DATA) return tcp_receive(fd, iov, count, skip, (flags & ~MSG_WAITALL) | MSG_DONTWAIT);
        if (!h->rx_on_ring && side == TCP_NOTHING && !flow_is_reset(f)) {
            errno = EAGAIN;
            return -1;
        }
    }
    size_t n = ring_take(f, iov, count, skip, flags & MSG_PEEK);
    if (n) return (ssize_t)n;
    if (h->rx_on_ring && rx_at_stop(h)) return receive_engaged(fd, f, iov, count, skip, flags);
    if (rx_at_end(f) || h->rx_shut) return 0;
    if (flow_is_dead(f)) return reset_on_receive(f);
    if ((f->tcp_maybe || ++f->empty_reads % 64 == 0) && !h->rx_end_of_stream) {
        enum tcp_side side = tcp_look(fd, f);
        if (side == TCP_FAILED) return reset_on_receive(f);
        if (rx_at_end(f)) return 0;
    }
    errno = EAGAIN;
    return -1;
}

static ssize_t receive_once(int fd, struct flow *f, const struct iovec *iov, int count, size_t skip, int flags) {
    if (!f->engaged) return tcp_receive(fd, iov, count, skip, (flags & ~MSG_WAITALL) | MSG_DONTWAIT);
    slot_lock(&f->header->rx_lock);
    ssize_t n = receive_engaged(fd, f, iov, count, skip, flags);
    slot_unlock(&f->header->rx_lock);
    return n;
}

ssize_t transfer_receive(int fd, struct entry *e, const struct iovec *iov, int count, int flags) {
    struct flow *f = flow_for_call(fd, e);
    if (!f && (!threads_exist() || !shared_region)) {
        ssize_t n = tcp_receive(fd, iov, count, 0, flags);
        if (n > 0) e->bytes += (uint64_t)n;
        return n;
    }
    if (flags & (MSG_OOB | MSG_ERRQUEUE)) return tcp_receive(fd, iov, count, 0, flags);
    size_t total = total_of(iov, count), done = 0;
    if (total == 0) return 0;
    uint64_t deadline = 0;
    bool has_timeout = false;
    uint32_t turn = 0;
    for (;;) {
        bool was_engaged = f && f->engaged;
        ssize_t n = f ? receive_once(fd, f, iov, count, done, flags)
                      : tcp_receive(fd, iov, count, done, (flags & ~MSG_WAITALL) | MSG_DONTWAIT);
        if (n > 0) {
            done += (size_t)n;
            e->bytes += (uint64_t)n;
            if (done == total || !(flags & MSG_WAITALL) || (flags & MSG_PEEK)) return (ssize_t)done;
            continue;
        }
        /* The end of TCP is the end of the stream only when the other end did not go over to the ring meanwhile. */
        if (n == 0 && !was_engaged && (f || (f = e->flow))) {
            flow_for_call(fd, e);
            if (f->engaged) continue;
        }
        if (n == 0) return (ssize_t)done;
        if (errno != EAGAIN) return done ? (ssize_t)done : -1;
        if (done && !(flags & MSG_WAITALL)) return (ssize_t)done;
        if (is_nonblocking(fd, flags)) {
            errno = EAGAIN;
            return done ? (ssize_t)done : -1;
        }
        if (deadline == 0) deadline = socket_deadline(fd, SO_RCVTIMEO, &has_timeout);
        if (!f) {
            if (wait_for_claim(fd, e, turn++, deadline, has_timeout) < 0) return done ? (ssize_t)done : -1;
            f = e->flow;
        } else if (wait_for_flow(fd, f, true, deadline, has_timeout) < 0) {
            return done ? (ssize_t)done : -1;
        }
        if (f && !f->engaged) flow_for_call(fd, e);
    }
}

static ssize_t broken_pipe(int flags) {
    if (!(flags & MSG_NOSIGNAL)) raise(SIGPIPE);
    errno = EPIPE;
    return -1;
}

static ssize_t reset_on_send(struct flow *f, int flags) {
    int error = flow_take_error(f);
    if (error == 0 || error == EPIPE) return broken_pipe(flags);
    errno = error;
    return -1;
}

/* The sender goes over to the ring: from here on it puts nothing on TCP, and says how much it had put there. */
static bool start_ring(int fd, struct entry *e, struct flow *f) {
    struct vs_slot *h = f->header;
    struct tcp_counts counts;
    full_fence();
    if (!load(&h->tx_allowed) || load(&e->sending) > 0 || load(&h->tcp_senders) > 0 || !tcp_counts(fd, &counts)) return false;
    if (counts.state != 1 /* TCP_ESTABLISHED */ && counts.state != 8 /* TCP_CLOSE_WAIT */) return false;
    h->tx_start_low = (uint32_t)counts.written;
    h->tx_start_high = (uint32_t)(counts.written >> 32);
    swap(&h->tx_starts, h->tx_starts + 1);
    return true;
}

/*
 * Returns false when the ring was started meanwhile and the bytes belong there. Nobody starts the ring while somebody
 * is in here: a thread of this process or, once the flow is claimed, any process of the VM.
 */
static bool tcp_send(int fd, struct entry *e, const struct iovec *iov, int count, size_t skip, int flags, ssize_t *sent) {
    struct iovec rest[PARTS];
    struct msghdr message = {.msg_iov = rest, .msg_iovlen = (size_t)rest_of(iov, count, skip, rest)};
    struct vs_slot *h = e->flow ? e->flow->header : NULL;
    __atomic_fetch_add(&e->sending, 1, __ATOMIC_SEQ_CST);
    if (h) __atomic_fetch_add(&h->tcp_senders, 1, __ATOMIC_SEQ_CST);
    bool on_tcp = !e->flow || !tx_on_ring(e->flow->header);
    if (on_tcp) *sent = count <= PARTS || skip ? real()->sendmsg(fd, &message, flags) : real()->writev(fd, iov, count);
    if (h) __atomic_fetch_sub(&h->tcp_senders, 1, __ATOMIC_SEQ_CST);
    __atomic_fetch_sub(&e->sending, 1, __ATOMIC_SEQ_CST);
    if (on_tcp && *sent > 0) e->bytes += (uint64_t)*sent;
    return on_tcp;
}

static ssize_t send_once(struct flow *f, const struct iovec *iov, int count, size_t skip) {
    slot_lock(&f->header->tx_lock);
    tx_leave_ring_locked(f);
    size_t n = tx_on_ring(f->header) ? ring_put(f, iov, count, skip) : 0;
    slot_unlock(&f->header->tx_lock);
    return (ssize_t)n;
}

ssize_t transfer_send(int fd, struct entry *e, const struct iovec *iov, int count, int flags) {
    if ((flags & MSG_OOB) && !e->flow && !e->not_carried) flow_never(fd, e);
    struct flow *f = flow_for_call(fd, e);
    ssize_t sent;
    size_t total = total_of(iov, count), done = 0;
    if (f && f->engaged && f->header->tx_allowed && !tx_on_ring(f->header) && total > 0 &&
        !(flags & (MSG_OOB | MSG_FASTOPEN))) {
        slot_lock(&f->header->tx_lock);
        if (!tx_on_ring(f->header)) start_ring(fd, e, f);
        slot_unlock(&f->header->tx_lock);
    }
    if (!f || !(tx_on_ring(f->header) || tx_between(f->header)))
        if (tcp_send(fd, e, iov, count, 0, flags, &sent)) return sent;
    if (!f) f = e->flow;
    if (flags & MSG_OOB) {
        errno = EOPNOTSUPP; /* urgent data has no place in a ring */
        return -1;
    }
    uint64_t deadline = 0;
    bool has_timeout = false;
    while (done < total) {
        if (f->header->tx_shut) return done ? (ssize_t)done : broken_pipe(flags);
        if (flow_is_dead(f)) return done ? (ssize_t)done : reset_on_send(f, flags);
        size_t n = (size_t)send_once(f, iov, count, done);
        done += n;
        if (done == total || n) continue;
        if (!tx_on_ring(f->header) && !tx_between(f->header)) { /* back on TCP, with the rest of these bytes */
            if (!tcp_send(fd, e, iov, count, done, flags, &sent)) continue;
            if (sent < 0) return done ? (ssize_t)done : -1;
            done += (size_t)sent;
            if (is_nonblocking(fd, flags)) return (ssize_t)done;
            continue;
        }
        if (tx_must_leave(f->header)) continue;
        if (f->tcp_maybe && f->header->rx_on_ring && !f->header->rx_end_of_stream) {
            slot_lock(&f->header->rx_lock);
            enum tcp_side side = tcp_look(fd, f);
            slot_unlock(&f->header->rx_lock);
            if (side == TCP_FAILED) continue;
        }
        if (is_nonblocking(fd, flags)) {
            if (done) return (ssize_t)done;
            ring_want_space(f);
            errno = EAGAIN;
            return -1;
        }
        if (deadline == 0) deadline = socket_deadline(fd, SO_SNDTIMEO, &has_timeout);
        if (wait_for_flow(fd, f, false, deadline, has_timeout) < 0) return done ? (ssize_t)done : -1;
    }
    return (ssize_t)done;
}
