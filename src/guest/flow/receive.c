/* Receiving on a flow, from TCP or from the ring, with TCP's habits on both. */
#include "flow.h"

#include "wait/wait.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>

#define READS_BETWEEN_LOOKS 64 /* empty reads of the ring, after which TCP is looked at unasked */
#define MOST_BYTES 0x7ffff000  /* MAX_RW_COUNT of the kernel: a call moves no more */

bool is_nonblocking(int fd, int flags) {
    return (flags & MSG_DONTWAIT) || (kernel(SYS_fcntl, fd, F_GETFL) & O_NONBLOCK);
}

ssize_t vector_length(const struct iovec *iov, int count) {
    size_t total = 0;
    for (int i = 0; i < count; i++) {
        if (iov[i].iov_len > SSIZE_MAX || total + iov[i].iov_len > SSIZE_MAX) {
            errno = EINVAL;
            return -1;
        }
        total += iov[i].iov_len;
    }
    return total < MOST_BYTES ? (ssize_t)total : MOST_BYTES;
}

/* A reset is told once, then the stream is at its end; so TCP does it. */
static ssize_t reset_on_receive(struct flow *f) {
    int error = flow_take_error(f);
    if (error == 0) return 0;
    errno = error;
    return -1;
}

static ssize_t receive_locked(int fd, struct flow *f, const struct iovec *iov, int count, size_t skip, int flags) {
    struct vs_slot *h = f->header;
    for (;;) {
        rx_leave_ring_locked(f);
        if (!h->rx_on_ring) {
            ssize_t n = tcp_receive_before_ring(fd, f, iov, count, skip, flags);
            if (n >= 0) return n;
            if (errno == EFAULT) return -1;
            if (errno != EAGAIN) f->error = errno;
            if (!h->rx_on_ring && !f->error && !flow_is_reset(f)) {
                errno = EAGAIN;
                return -1;
            }
        }
        ssize_t n = ring_take(f, iov, count, skip, flags);
        if (n != 0) return n;
        if (h->rx_on_ring && rx_at_stop(h)) continue;
        break;
    }
    if (flow_reads_no_more(f) && f->error) return reset_on_receive(f);
    if (rx_at_end(f) || h->rx_shut) return 0;
    if (flow_reads_no_more(f)) return reset_on_receive(f);
    if ((f->tcp_maybe || ++f->empty_reads % READS_BETWEEN_LOOKS == 0) && !h->rx_end_of_stream) {
        tcp_look(fd, f);
        if (flow_reads_no_more(f)) return reset_on_receive(f);
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

ssize_t flow_receive(int fd, struct flow *f, const struct iovec *iov, int count, int flags, enum receive_kind kind) {
    ssize_t length = vector_length(iov, count);
    if (length < 0) return -1;
    if (length == 0 && kind == AS_READ) return 0;
    pthread_testcancel();
    if (__builtin_expect(f->header->reset_armed, 0)) flow_disarm_reset(fd, f);
    size_t total = (size_t)length, done = 0, low_water = load(&f->header->low_water);
    size_t wanted = flags & MSG_WAITALL || total < low_water ? total : low_water;
    uint64_t deadline = 0;
    bool has_timeout = false;
    for (;;) {
        flow_progress(fd, f);
        ssize_t n = total ? receive_once(fd, f, iov, count, done, flags) : receive_nothing(fd, f);
        if (n > 0) {
            done += (size_t)n;
            if (done >= wanted || (flags & MSG_PEEK)) return (ssize_t)done;
            continue;
        }
        if (n == 0) return (ssize_t)done;
        if (errno != EAGAIN) return done ? (ssize_t)done : -1;
        if (is_nonblocking(fd, flags)) {
            errno = EAGAIN;
            return done ? (ssize_t)done : -1;
        }
        if (deadline == 0) deadline = socket_deadline(fd, SO_RCVTIMEO, &has_timeout);
        if (wait_for_flow(fd, f, true, deadline, has_timeout) < 0) return done ? (ssize_t)done : -1;
    }
}
