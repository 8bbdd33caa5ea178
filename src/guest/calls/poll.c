/* poll: engaged flows are answered from memory, the rest by the kernel, in one wait. */
#include "poll.h"

#include "epoll/epoll.h"
#include "wait/wait.h"

#include <stdlib.h>

struct watched {
    struct pollfd *fds, *copy; /* the copy is for the kernel, and has room for a waiter's descriptor */
    nfds_t count;
    /* Of flows, from the first sleep on, where other threads are: like the kernel's, the call goes on with the socket that
     * a descriptor meant when it began, whatever becomes of the descriptor. NULL: not yet, or no other thread. */
    struct connection **held;
};

static struct flow *flow_at(const struct watched *w, nfds_t k) {
    if (w->held && w->held[k]) return flow_in_use(w->held[k]);
    return w->fds[k].fd < 0 ? NULL : flow_in_use(connection_of(w->fds[k].fd));
}

static int descriptor_at(const struct watched *w, nfds_t k) {
    int held = w->held && w->held[k] ? connection_descriptor(w->held[k]) : -1;
    return held < 0 ? w->fds[k].fd : held;
}

/* Whether any descriptor is such that the kernel alone would miss something. */
static bool concerns_us(const struct pollfd *fds, nfds_t count) {
    for (nfds_t k = 0; k < count; k++) {
        struct entry *e = entry_find(fds[k].fd);
        if (!e || e->kind == KIND_UNKNOWN) continue;
        if (e->connection && flow_in_use(e->connection)) return true;
        if (e->epoll && (epoll_has_engaged(e->epoll) || e->epoll->foreign)) return true;
    }
    return false;
}

static bool count_waiters(struct kernel_wait *wait, const struct pollfd *fds, nfds_t count) {
    for (nfds_t k = 0; k < count; k++) {
        struct connection *c = connection_of(fds[k].fd);
        if (!c || c->never || (c->flow && c->flow->plain)) continue;
        if (wait->count == ON_STACK && wait->counted == wait->on_stack) {
            struct connection **more = malloc(count * sizeof *more);
            if (!more) return false;
            memcpy(more, wait->on_stack, sizeof wait->on_stack);
            wait->counted = more;
        }
        add_to(&c->receiving, 1);
        wait->counted[wait->count++] = c;
    }
    return true;
}

enum poll_verdict poll_begin(struct kernel_wait *wait, const struct pollfd *fds, nfds_t count) {
    wait->counted = wait->on_stack;
    wait->count = 0;
    if (concerns_us(fds, count)) return BY_LIBRARY;
    if (!threads_exist() || !shared_front) return BY_KERNEL; /* nobody else could claim one meanwhile */
    bool counted = count_waiters(wait, fds, count);
    full_fence();
    if (counted && !concerns_us(fds, count)) return BY_KERNEL;
    poll_end(wait);
    return BY_LIBRARY;
}

void poll_end(struct kernel_wait *wait) {
    if (!wait->count) return;
    KEEP_ERRNO;
    for (size_t k = 0; k < wait->count; k++) connection_end_call(wait->counted[k], &wait->counted[k]->receiving);
    if (wait->counted != wait->on_stack) free(wait->counted);
    wait->count = 0;
}

/* By another thread, meanwhile: the kernel keeps the socket, and says so when something wakes the call. */
static bool was_closed(const struct watched *w, nfds_t k) {
    return w->held && w->held[k] && connection_of(w->fds[k].fd) != w->held[k];
}

static int look_at_flows(const struct watched *w) {
    int ready = 0;
    for (nfds_t k = 0; k < w->count; k++) {
        struct flow *f = flow_at(w, k);
        if (!f) continue;
        w->fds[k].revents = (short)flow_events(descriptor_at(w, k), f, w->fds[k].events);
        if (!w->fds[k].revents) continue;
        if (was_closed(w, k)) w->fds[k].revents = POLLNVAL;
        ready++;
    }
    return ready;
}

static bool any_flow_ready(void *of) {
    return look_at_flows(of) > 0;
}

static void hold_flows(struct watched *w) {
    if (w->held || !threads_exist() || !(w->held = calloc(w->count, sizeof *w->held))) return;
    for (nfds_t k = 0; k < w->count; k++) {
        struct flow *f = flow_at(w, k);
        if (f) hold_for_call(f, &w->held[k]);
    }
}

static void let_go_of_flows(struct watched *w) {
    if (!w->held) return;
    KEEP_ERRNO;
    for (nfds_t k = 0; k < w->count; k++)
        if (w->held[k]) connection_let_go(w->held[k]);
    free(w->held);
}

static void settle_instances(const struct pollfd *fds, nfds_t count) {
    for (nfds_t k = 0; k < count; k++) {
        struct epoll *ep = epoll_of(fds[k].fd);
        if (ep) epoll_settle(ep);
    }
}

/* What the TCP side of a flow may bring that is not seen in memory. */
static short events_on_tcp(struct flow *f, short wanted) {
    struct vs_slot *h = f->header;
    short in = POLLIN | POLLRDHUP | (wanted & POLLPRI);
    /* What was seen there and is not wanted, or not to be read yet, would end the wait again and again. */
    if (h->rx_end_of_stream || h->rx_shut) in = 0;
    else if (h->rx_on_ring && rx_stop_told(h)) in = wanted & POLLRDHUP;
    else if (f->tcp_maybe) in = h->rx_on_ring ? 0 : wanted & (POLLRDHUP | POLLPRI);
    bool out = flow_owes(f) || (!tx_on_ring(h) && !tx_between(h) && (wanted & (POLLOUT | POLLWRNORM)));
    return (short)(in | (out ? POLLOUT : 0));
}

/* The kernel's part: engaged flows only for what their TCP side may bring. Results go to the others. */
static int ask_kernel(const struct watched *w, struct waiter *waiter, const struct timespec *timeout, const sigset_t *mask) {
    struct pollfd *fds = w->fds, *copy = w->copy;
    for (nfds_t k = 0; k < w->count; k++) {
        struct flow *f = flow_at(w, k);
        copy[k] = fds[k];
        copy[k].fd = descriptor_at(w, k);
        copy[k].revents = 0;
        if (!f) continue;
        copy[k].events = events_on_tcp(f, fds[k].events);
        /* An error or a hang-up comes unasked; one that is there already was told, or has to wait for the ring. */
        if (!copy[k].events && tcp_events(copy[k].fd, 0)) copy[k].fd = -1;
    }
    copy[w->count] = (struct pollfd){waiter ? waiter->fd : -1, POLLIN, 0};
    int n = real()->ppoll(copy, w->count + 1, timeout, mask), ready = 0;
    if (n < 0) return -1;
    for (nfds_t k = 0; k < w->count; k++) {
        struct flow *f = flow_at(w, k);
        if (f && copy[k].revents) f->tcp_maybe = true;
        if (f) continue;
        /* A flow that went back to TCP meanwhile was asked for more than the program wants. */
        fds[k].revents = copy[k].revents & (fds[k].events | POLLERR | POLLHUP | POLLNVAL);
        struct epoll *ep = fds[k].revents ? epoll_of(fds[k].fd) : NULL;
        if (ep && epoll_has_engaged(ep) && !epoll_is_ready(ep)) fds[k].revents = 0;
        if (fds[k].revents) ready++;
    }
    return ready;
}

static void take_notices(const struct watched *w) {
    for (nfds_t k = 0; k < w->count; k++) {
        struct flow *f = flow_at(w, k);
        if (f) flow_take_notices(f);
    }
}

static int wait_on(struct watched *w, uint64_t deadline, const sigset_t *mask) {
    static const struct timespec at_once = {0, 0};
    struct handled handled = signals_handled;
    for (;;) {
        settle_instances(w->fds, w->count);
        int others = ask_kernel(w, NULL, &at_once, NULL), ready;
        if (others < 0) return -1;
        if ((ready = others + look_at_flows(w)) > 0 || deadline == 0) return ready;
        if (spin_until(any_flow_ready, w)) continue;
        struct waiter *waiter = waiter_of_thread();
        if (!waiter) continue;
        hold_flows(w);
        take_notices(w);
        if (!prepare_sleep(waiter, any_flow_ready, w)) continue;
        struct timespec time;
        uint64_t began = now_ns(), cap = waiter->fd < 0 ? SLEEP_CAP_UNCONNECTED_NS : NO_DEADLINE;
        sigset_t own_mask;
        signals_hold(&own_mask);
        others = is_interrupted(handled, true)
                     ? interrupted()
                     : ask_kernel(w, waiter, timeout_until(deadline, cap, &time), mask ? mask : &own_mask);
        signals_let_go(&own_mask);
        int saved = errno;
        waiter_disarm(waiter);
        errno = saved;
        if (others < 0) return -1;
        if (w->copy[w->count].revents) waiter_drain(waiter);
        spin_learn(now_ns() - began);
        ready = others + look_at_flows(w);
        if (ready > 0 || now_ns() >= deadline) return ready;
    }
}

int poll_flows(struct pollfd *fds, nfds_t count, uint64_t deadline, const sigset_t *mask) {
    struct pollfd on_stack[ON_STACK + 1];
    struct watched watched = {.fds = fds, .copy = on_stack, .count = count};
    if (count > ON_STACK && !(watched.copy = malloc((count + 1) * sizeof *watched.copy))) {
        errno = ENOMEM;
        return -1;
    }
    int result = wait_on(&watched, deadline, mask);
    let_go_of_flows(&watched);
    if (watched.copy != on_stack) {
        KEEP_ERRNO;
        free(watched.copy);
    }
    return result;
}

uint64_t poll_deadline(const struct timespec *timeout) {
    if (!timeout) return NO_DEADLINE;
    uint64_t span = (uint64_t)timeout->tv_sec * NS_PER_SECOND + (uint64_t)timeout->tv_nsec;
    return span ? now_ns() + span : 0;
}

static bool is_sound(const struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask) {
    if (count == 0 || count > (1u << 24) || !may_be_memory(fds, count * sizeof *fds)) return false;
    if (mask && !may_be_memory(mask, sizeof(uint64_t))) return false;
    return !timeout || (may_be_memory(timeout, sizeof *timeout) && timeout->tv_sec >= 0 && timeout->tv_nsec >= 0 &&
                        timeout->tv_nsec < (long)NS_PER_SECOND);
}

EXPORT int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask) {
    struct kernel_wait wait;
    if (!enabled || !is_sound(fds, count, timeout, mask)) return real()->ppoll(fds, count, timeout, mask);
    if (poll_begin(&wait, fds, count) == BY_LIBRARY) return poll_flows(fds, count, poll_deadline(timeout), mask);
    int n = real()->ppoll(fds, count, timeout, mask);
    poll_end(&wait);
    return n;
}

EXPORT int poll(struct pollfd *fds, nfds_t count, int timeout) {
    struct kernel_wait wait;
    struct timespec time = {timeout / 1000, timeout % 1000 * (long)NS_PER_MILLISECOND};
    if (!enabled || !is_sound(fds, count, NULL, NULL)) return real()->poll(fds, count, timeout);
    if (poll_begin(&wait, fds, count) == BY_LIBRARY)
        return poll_flows(fds, count, poll_deadline(timeout < 0 ? NULL : &time), NULL);
    int n = real()->poll(fds, count, timeout);
    poll_end(&wait);
    return n;
}

EXPORT int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size) {
    if (size / sizeof *fds < count) abort();
    return poll(fds, count, timeout);
}

EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask,
                       size_t size) {
    if (size / sizeof *fds < count) abort();
    return ppoll(fds, count, timeout, mask);
}
