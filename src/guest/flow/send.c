/* Sending on a flow, by TCP or in the ring, with TCP's habits on both. */
#include "flow.h"

#include "wait/wait.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#define TOLD_PATIENCE_NS (1 * NS_PER_MILLISECOND)

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
static bool start_ring(int fd, struct flow *f) {
    struct vs_slot *h = f->header;
    struct connection *c = f->connection;
    struct tcp_counts counts;
    full_fence();
    if (!load(&h->tx_allowed) || h->tx_shut || load(&h->leave_reason) || tx_awaits_reader(h)) return false;
    if ((c && load(&c->sending) > 0) || load(&h->tcp_senders) > 0 || !tcp_counts(fd, &counts)) return false;
    if (counts.state != STATE_ESTABLISHED && counts.state != STATE_CLOSE_WAIT) return false;
    replace(&h->tx_gate, GATE_SHUT, GATE_OPEN); /* after an earlier stop */
    if (!load(&h->tx_allowed)) { /* vsockd found the gate shut meanwhile */
        replace(&h->tx_gate, GATE_OPEN, GATE_SHUT);
        return false;
    }
    if (tx_frozen(h)) return false;
    h->tx_start_low = (uint32_t)counts.written;
    h->tx_start_high = (uint32_t)(counts.written >> 32);
    swap(&h->tx_starts, h->tx_starts + 1);
    return true;
}

/*
 * Returns false when the ring was started meanwhile and the bytes belong there. Nobody starts the ring while somebody
 * is in here: a thread of this process or any process of the VM.
 */
static bool tcp_send(int fd, struct flow *f, const struct iovec *iov, int count, size_t skip, int flags, ssize_t *sent) {
    struct iovec rest[count + 1];
    struct msghdr message = {.msg_iov = rest, .msg_iovlen = (size_t)rest_of(iov, count, skip, SIZE_MAX, rest)};
    struct vs_slot *h = f->header;
    add_to(&h->tcp_senders, 1);
    bool on_tcp = !tx_on_ring(h) && !tx_between(h) && !flow_owes(f);
    if (on_tcp) *sent = real()->sendmsg(fd, &message, flags);
    add_to(&h->tcp_senders, -1);
    return on_tcp;
}

/* Who must leave the ring puts in what it has room for: TCP has none for this call before the other end's reader was told. */
static ssize_t ring_send(struct flow *f, const struct iovec *iov, int count, size_t skip) {
    struct vs_slot *h = f->header;
    slot_lock(&h->tx_lock);
    ssize_t n = tx_on_ring(h) && load(&h->tx_gate) == GATE_OPEN ? ring_put(f, iov, count, skip) : 0;
    tx_leave_ring_locked(f);
    slot_unlock(&h->tx_lock);
    return n;
}

/* Between ring and TCP a call waits for vsockd alone: also one that may not sleep, since TCP would take its bytes. */
static void await_told(struct flow *f) {
    uint64_t end = now_ns() + TOLD_PATIENCE_NS;
    while (tx_between(f->header) && !flow_is_dead(f) && now_ns() < end) sched_yield();
}

/* An error that TCP has for us may be all that comes of a ring nobody reads. */
static bool tcp_failed(int fd, struct flow *f) {
    struct vs_slot *h = f->header;
    if (h->rx_end_of_stream) return tcp_broke(fd, f);
    if (!f->tcp_maybe || !h->rx_on_ring) return false;
    slot_lock(&h->rx_lock);
    enum tcp_side side = tcp_look(fd, f);
    slot_unlock(&h->rx_lock);
    return side == TCP_FAILED;
}

static ssize_t send_by_kernel(int fd, const struct iovec *iov, int count, int flags) {
    struct msghdr message = {.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)count};
    return real()->sendmsg(fd, &message, flags);
}

static ssize_t send_all(int fd, struct flow *f, const struct iovec *iov, int count, int flags, struct connection **held) {
    struct vs_slot *h = f->header;
    ssize_t length = vector_length(iov, count);
    if (length < 0) return -1;
    pthread_testcancel();
    size_t total = (size_t)length, done = 0;
    if (h->tx_allowed && !tx_on_ring(h) && total > 0) {
        slot_lock(&h->tx_lock);
        if (!tx_on_ring(h)) start_ring(fd, f);
        slot_unlock(&h->tx_lock);
    }
    uint64_t deadline = 0;
    bool has_timeout = false;
    enum patience patience = NOT_ASKED;
    do {
        if (__builtin_expect(flow_is_disconnected(fd, f), 0)) return done ? (ssize_t)done : send_by_kernel(fd, iov, count, flags);
        if (__builtin_expect(tx_between(h), 0)) await_told(f);
        if (flow_is_dead(f)) return done ? (ssize_t)done : reset_on_send(f, flags);
        if (!tx_on_ring(h) && !tx_between(h) && !flow_owes(f)) {
            ssize_t sent;
            if (!tcp_send(fd, f, iov, count, done, flags, &sent)) continue;
            if (sent < 0) {
                flow_note_error(f, done == 0);
                return done ? (ssize_t)done : -1;
            }
            done += (size_t)sent;
            if (done < total && (!sent || !may_wait(fd, flags, &patience))) break;
            continue;
        }
        if (h->tx_shut) {
            f->tcp_maybe = true;
            if (done || !(tcp_failed(fd, f) || tcp_broke(fd, f))) return done ? (ssize_t)done : broken_pipe(flags);
            continue; /* a reset comes before the broken pipe */
        }
        ssize_t n = ring_send(f, iov, count, done);
        if (n < 0) return done ? (ssize_t)done : -1;
        done += (size_t)n;
        if (n || done == total || (tx_must_leave(h) && !tx_frozen(h)) || tcp_failed(fd, f)) continue;
        if (!may_wait(fd, flags, &patience)) {
            ring_want_space(f); /* also after a short count: the next edge of EPOLLOUT comes when there is room */
            if (tx_on_ring(h) && !tx_frozen(h) && tx_free(f) > 0) continue;
            if (done) break;
            errno = EAGAIN;
            return -1;
        }
        if (deadline == 0) deadline = socket_deadline(fd, SO_SNDTIMEO, &has_timeout);
        hold_for_call(f, held);
        if (wait_for_flow(fd, f, *held, false, deadline, has_timeout || done) < 0) return done ? (ssize_t)done : -1;
        fd = flow_descriptor(f, fd);
    } while (done < total);
    return (ssize_t)done;
}

ssize_t flow_send(int fd, struct flow *f, const struct iovec *iov, int count, int flags) {
    struct connection *held = NULL;
    ssize_t n = send_all(fd, f, iov, count, flags, &held);
    if (held) connection_let_go(held);
    return n;
}
