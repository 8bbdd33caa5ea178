/* poll: engaged flows are answered from memory, the rest by the kernel, in one wait. */
#include "poll.h"

#include "epoll/epoll.h"
#include "wait/wait.h"

#include <stdlib.h>

struct watched {
    struct pollfd *fds;
    nfds_t count;
    int ready;
};

static struct flow *flow_of(int fd) {
    return flow_in_use(connection_of(fd));
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

static int look_at_flows(struct pollfd *fds, nfds_t count) {
    int ready = 0;
    for (nfds_t k = 0; k < count; k++) {
        struct flow *f = fds[k].fd < 0 ? NULL : flow_of(fds[k].fd);
        if (!f) continue;
        fds[k].revents = (short)flow_events(fds[k].fd, f, fds[k].events);
        if (fds[k].revents) ready++;
    }
    return ready;
}

static bool any_flow_ready(void *of) {
    struct watched *w = of;
    return look_at_flows(w->fds, w->count) > 0;
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
    short in = POLLIN | POLLRDHUP;
    /* What was seen there and is not wanted, or not to be read yet, would end the wait again and again. */
    if (h->rx_end_of_stream || h->rx_shut) in = 0;
    else if (h->rx_on_ring && rx_stop_told(h)) in = wanted & POLLRDHUP;
    else if (f->tcp_maybe) in = h->rx_on_ring ? 0 : wanted & (POLLRDHUP | POLLPRI);
    bool out = flow_owes(f) || (!tx_on_ring(h) && !tx_between(h) && (wanted & (POLLOUT | POLLWRNORM)));
    return (short)(in | (out ? POLLOUT : 0));
}

/* The kernel's part: engaged flows only for what their TCP side may bring. Results go to the others. */
static int ask_kernel(struct pollfd *fds, nfds_t count, struct pollfd *copy, struct waiter *w,
                      const struct timespec *timeout, const sigset_t *mask) {
    for (nfds_t k = 0; k < count; k++) {
        struct flow *f = fds[k].fd < 0 ? NULL : flow_of(fds[k].fd);
        copy[k] = fds[k];
        copy[k].revents = 0;
        if (!f) continue;
        copy[k].events = events_on_tcp(f, fds[k].events);
        /* An error or a hang-up comes unasked; one that is there already was told, or has to wait for the ring. */
        if (!copy[k].events && tcp_events(fds[k].fd, 0)) copy[k].fd = -1;
    }
    copy[count] = (struct pollfd){w ? w->fd : -1, POLLIN, 0};
    int n = real()->ppoll(copy, count + 1, timeout, mask), ready = 0;
    if (n < 0) return -1;
    for (nfds_t k = 0; k < count; k++) {
        struct flow *f = fds[k].fd < 0 ? NULL : flow_of(fds[k].fd);
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

static bool has_news(void *of) {
    struct watched *w = of;
    return look_at_flows(w->fds, w->count) > 0;
}

static void take_notices(const struct pollfd *fds, nfds_t count) {
    for (nfds_t k = 0; k < count; k++) {
        struct flow *f = fds[k].fd < 0 ? NULL : flow_of(fds[k].fd);
        if (f) flow_take_notices(f);
    }
}

static int wait_on(struct pollfd *fds, nfds_t count, struct pollfd *copy, uint64_t deadline, const sigset_t *mask) {
    static const struct timespec at_once = {0, 0};
    struct watched watched = {fds, count, 0};
    struct handled handled = signals_handled;
    for (;;) {
        settle_instances(fds, count);
        int others = ask_kernel(fds, count, copy, NULL, &at_once, NULL), ready;
        if (others < 0) return -1;
        if ((ready = others + look_at_flows(fds, count)) > 0 || deadline == 0) return ready;
        if (spin_until(any_flow_ready, &watched)) continue;
        struct waiter *w = waiter_of_thread();
        if (!w) continue;
        take_notices(fds, count);
        if (!prepare_sleep(w, has_news, &watched)) continue;
        struct timespec time;
        uint64_t began = now_ns(), cap = w->fd < 0 ? SLEEP_CAP_UNCONNECTED_NS : NO_DEADLINE;
        sigset_t own_mask;
        signals_hold(&own_mask);
        others = is_interrupted(handled, true)
                     ? interrupted()
                     : ask_kernel(fds, count, copy, w, timeout_until(deadline, cap, &time), mask ? mask : &own_mask);
        signals_let_go(&own_mask);
        int saved = errno;
        waiter_disarm(w);
        errno = saved;
        if (others < 0) return -1;
        if (copy[count].revents) waiter_drain(w);
        spin_learn(now_ns() - began);
        ready = others + look_at_flows(fds, count);
        if (ready > 0 || now_ns() >= deadline) return ready;
    }
}

int poll_flows(struct pollfd *fds, nfds_t count, uint64_t deadline, const sigset_t *mask) {
    struct pollfd on_stack[ON_STACK + 1], *copy = on_stack;
    if (count > ON_STACK && !(copy = malloc((count + 1) * sizeof *copy))) {
        errno = ENOMEM;
        return -1;
    }
    int result = wait_on(fds, count, copy, deadline, mask);
    if (copy != on_stack) {
        KEEP_ERRNO;
        free(copy);
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
