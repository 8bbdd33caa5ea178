/* Receiving on a flow, from TCP or from the ring, with TCP's habits on both. */
#include "flow.h"

#include "wait/wait.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>

#define READS_BETWEEN_LOOKS 64 /* empty reads of the ring, after which TCP is looked at unasked */
#define END_PATIENCE_NS (1 * NS_PER_MILLISECOND)
#define MOST_BYTES 0x7ffff000  /* MAX_RW_COUNT of the kernel: a call moves no more */

bool may_wait(int fd, int flags, enum patience *patience) {
    if (*patience == NOT_ASKED) {
        bool at_once = (flags & MSG_DONTWAIT) || (kernel(SYS_fcntl, fd, F_GETFL) & O_NONBLOCK);
        *patience = at_once ? RETURNS_AT_ONCE : WAITS;
    }
    return *patience == WAITS;
}

ssize_t vector_length(const struct iovec *iov, int count) {
    size_t total = 0;
    for (int i = 0; i < count; i++) {
        if (iov[i].iov_len > SSIZE_MAX || total + iov[i].iov_len > SSIZE_MAX) {
            errno = EINVAL;
            return -1;
        }
        if (!is_below_kernel(iov[i].iov_base, iov[i].iov_len)) {
            errno = EFAULT;
            return -1;
        }
        total += iov[i].iov_len;
    }
    return total < MOST_BYTES ? (ssize_t)total : MOST_BYTES;
}

/* A reset is told once, then the stream is at its end; so TCP does it. A call that has bytes leaves it to the next one. */
static ssize_t reset_on_receive(struct flow *f, size_t done) {
    if (done) return 0;
    int error = flow_take_error(f);
    if (error == 0) return 0;
    errno = error;
    return -1;
}

void hold_for_call(struct flow *f, struct connection **held) {
    if (*held || !(*held = f->connection)) return;
    connection_hold(*held);
}

static bool has_room(const struct iovec *iov, int count, size_t skip) {
    for (int i = 0; i < count; i++) {
        if (skip < iov[i].iov_len) return true;
        skip -= iov[i].iov_len;
    }
    return false;
}

/*
 * Bytes, also the last of one way and the first of the other together, as TCP alone would give them. 0: none now, or
 * `*end`; -1 with EFAULT. Another error stays in the flow.
 */
static ssize_t take_bytes(int fd, struct flow *f, const struct iovec *iov, int count, size_t skip, int flags, bool *end) {
    struct vs_slot *h = f->header;
    ssize_t total = 0;
    for (;;) {
        size_t at = skip + (size_t)total;
        rx_leave_ring_locked(f);
        if (!h->rx_on_ring && total && tcp_at_mark(fd)) return total;
        if (!h->rx_on_ring && !(total && tcp_is_read_to_ring(fd, h))) {
            if (total && tcp_has_only_error(fd)) return total; /* of which the next call is told */
            ssize_t n = tcp_receive_before_ring(fd, f, iov, count, at, flags);
            *end = n == 0 && total == 0;
            if (n == 0) return total;
            if (n > 0) {
                total += n;
                if (!rx_start_told(h) || !has_room(iov, count, at + (size_t)n)) return total;
                if (!(flags & MSG_PEEK)) continue;
                return total + ring_peek_after_tcp(fd, f, (size_t)n, iov, count, at + (size_t)n, flags);
            }
            if (errno == EFAULT) return total ? total : -1;
            if (errno != EAGAIN) store(&h->error, (uint32_t)errno);
            if (!h->rx_on_ring && !load(&h->error) && !flow_is_reset(f)) return total;
        }
        ssize_t n = ring_take(f, iov, count, at, flags);
        if (n < 0) return total ? total : -1;
        total += n;
        bool goes_on = h->rx_on_ring && rx_stop_told(h) && has_room(iov, count, at + (size_t)n);
        if (goes_on && n > 0 && (flags & MSG_PEEK))
            return total + tcp_peek_after_ring(fd, f, (size_t)n, iov, count, at + (size_t)n, flags);
        if (!goes_on || !rx_at_stop(h)) return total;
    }
}

/* The end came by TCP, which would tell it to the next call: vsockd says at once where the ring ends, if anybody wrote there. */
static void await_end(struct flow *f) {
    uint64_t limit = now_ns() + END_PATIENCE_NS;
    while (!load(&f->header->rx_final) && rx_available(f) == 0 && !flow_is_dead(f) && now_ns() < limit) sched_yield();
}

static ssize_t receive_locked(int fd, struct flow *f, const struct iovec *iov, int count, size_t skip, int flags) {
    struct vs_slot *h = f->header;
    bool end = false, had_end = h->rx_end_of_stream;
    ssize_t n = take_bytes(fd, f, iov, count, skip, flags, &end);
    if (n != 0) return n;
    if (!had_end && h->rx_end_of_stream) await_end(f);
    uint32_t error = load(&h->error);
    bool was_cut = error && error != EPIPE; /* which the kernel says of a reset after the end of the stream */
    if (flow_reads_no_more(f) && was_cut) return reset_on_receive(f, skip);
    if (end) return 0;
    if (!h->rx_on_ring && !error && !flow_is_reset(f)) {
        errno = EAGAIN;
        return -1;
    }
    if (rx_at_end(f)) return 0;
    if (h->rx_shut) {
        bool broke = flow_is_dead(f) || tcp_broke(fd, f);
        return broke && load(&h->error) != EPIPE ? reset_on_receive(f, skip) : 0;
    }
    if (flow_reads_no_more(f)) return reset_on_receive(f, skip);
    if ((f->tcp_maybe || count_by(&f->empty_reads, 1) % READS_BETWEEN_LOOKS == 0) && !h->rx_end_of_stream) {
        tcp_look(fd, f);
        if (h->rx_end_of_stream) await_end(f);
        if (flow_reads_no_more(f)) return reset_on_receive(f, skip);
        if (rx_at_end(f)) return 0;
    }
    errno = EAGAIN;
    return -1;
}

static ssize_t receive_once(int fd, struct flow *f, const struct iovec *iov, int count, size_t skip, int flags) {
    slot_lock(&f->header->rx_lock);
    ssize_t n = receive_locked(fd, f, iov, count, skip, flags);
    slot_unlock(&f->header->rx_lock);
    return n;
}

/* recv() for no bytes waits for some all the same, or for the end. */
static ssize_t receive_nothing(int fd, struct flow *f) {
    char byte;
    struct iovec one = {&byte, 1};
    ssize_t n = receive_once(fd, f, &one, 1, 0, MSG_PEEK);
    return n > 0 ? 0 : n;
}

static ssize_t receive_by_kernel(int fd, const struct iovec *iov, int count, int flags) {
    struct msghdr message = {.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)count};
    return real()->recvmsg(fd, &message, flags);
}

static ssize_t receive(int fd, struct flow *f, const struct iovec *iov, int count, int flags, enum receive_kind kind,
                       struct connection **held) {
    ssize_t length = vector_length(iov, count);
    if (length < 0) return -1;
    if (length == 0 && kind == AS_READ) return 0;
    pthread_testcancel();
    if (__builtin_expect(f->header->reset_armed, 0)) flow_disarm_reset(fd, f);
    size_t total = (size_t)length, done = 0, low_water = load(&f->header->low_water);
    size_t wanted = flags & MSG_WAITALL || total < low_water ? total : low_water;
    uint64_t deadline = 0;
    bool has_timeout = false, has_waited = false;
    enum patience patience = NOT_ASKED;
    for (;;) {
        if (__builtin_expect(flow_is_disconnected(fd, f), 0)) {
            if (done) return (ssize_t)done;
            if (!has_waited) return receive_by_kernel(fd, iov, count, flags);
            errno = EPIPE; /* include/net/sock.h: sk_wait_event() */
            return -1;
        }
        bool of_tcp = !f->header->rx_on_ring && !rx_start_told(f->header);
        if (done && of_tcp && tcp_has_only_error(fd)) return (ssize_t)done; /* which the next call is told */
        ssize_t n = total ? receive_once(fd, f, iov, count, done, flags) : receive_nothing(fd, f);
        if (n > 0) {
            done += (size_t)n;
            if (f->empty_reads) f->empty_reads = 0;
            if (done >= wanted || (flags & MSG_PEEK)) return (ssize_t)done;
            if (!f->header->rx_on_ring && tcp_at_mark(fd)) return (ssize_t)done;
            continue;
        }
        if (n == 0) return (ssize_t)done;
        if (errno != EAGAIN) return done ? (ssize_t)done : -1;
        if (!may_wait(fd, flags, &patience)) {
            /* The end may stand behind the last bytes, and this call does not come to a wait, which would look. */
            if (f->empty_reads == 1) {
                count_by(&f->empty_reads, 1);
                f->tcp_maybe = true;
                continue;
            }
            errno = EAGAIN;
            return done ? (ssize_t)done : -1;
        }
        if (deadline == 0) deadline = socket_deadline(fd, SO_RCVTIMEO, &has_timeout);
        hold_for_call(f, held);
        if (wait_for_flow(fd, f, *held, true, deadline, has_timeout || done) < 0) return done ? (ssize_t)done : -1;
        has_waited = true;
        fd = flow_descriptor(f, fd);
    }
}

ssize_t flow_receive(int fd, struct flow *f, const struct iovec *iov, int count, int flags, enum receive_kind kind) {
    struct connection *held = NULL;
    ssize_t n = receive(fd, f, iov, count, flags, kind, &held);
    if (held) connection_let_go(held);
    return n;
}
