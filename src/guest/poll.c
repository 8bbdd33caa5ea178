/* poll and select: engaged flows are answered from memory, the rest by the kernel, in one wait. */
#include "internal.h"

#include <stdlib.h>

struct watched {
    struct pollfd *fds;
    nfds_t count;
};

static struct flow *engaged_flow(int fd) {
    struct entry *e = fd >= 0 ? entry_tcp(fd) : NULL;
    struct flow *f = e ? e->flow : NULL;
    if (f && !f->engaged) {
        pthread_mutex_lock(&process_lock);
        flow_engage_locked(f);
        pthread_mutex_unlock(&process_lock);
    }
    return f && f->engaged ? f : NULL;
}

/* Whether any descriptor is such that the kernel alone would miss something. */
static bool concerns_us(const struct pollfd *fds, nfds_t count) {
    for (nfds_t k = 0; k < count; k++) {
        struct entry *e = fds[k].fd >= 0 ? entry_tcp(fds[k].fd) : NULL;
        if (e && (e->flow || (threads_exist() && shared_region))) return true;
        if (!e && fds[k].fd >= 0 && (e = entry_find(fds[k].fd)) && e->epoll && epoll_has_sockets(e->epoll)) return true;
    }
    return false;
}

static int look_at_flows(struct pollfd *fds, nfds_t count) {
    int ready = 0;
    for (nfds_t k = 0; k < count; k++) {
        struct flow *f = engaged_flow(fds[k].fd);
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

static void expose_instances(const struct pollfd *fds, nfds_t count) {
    for (nfds_t k = 0; k < count; k++) {
        struct entry *e = fds[k].fd >= 0 ? entry_find(fds[k].fd) : NULL;
        if (e && e->epoll) epoll_settle(e->epoll);
    }
}

/* The kernel's part: engaged flows only for what their TCP side may bring. Results go to the others. */
static int ask_kernel(struct pollfd *fds, nfds_t count, struct pollfd *copy, struct waiter *w,
                      const struct timespec *timeout, const sigset_t *mask) {
    for (nfds_t k = 0; k < count; k++) {
        struct flow *f = engaged_flow(fds[k].fd);
        copy[k] = fds[k];
        copy[k].revents = 0;
        if (!f) continue;
        copy[k].events = (f->header->rx_end_of_stream ? 0 : POLLIN | POLLRDHUP) |
                         (tx_on_ring(f->header) || tx_between(f->header) ? 0 : fds[k].events & POLLOUT);
        if (!copy[k].events || !w) copy[k].fd = -1;
    }
    copy[count] = (struct pollfd){w ? w->fd : -1, POLLIN, 0};
    int n = real()->ppoll(copy, count + 1, timeout, mask), ready = 0;
    if (n < 0) return -1;
    for (nfds_t k = 0; k < count; k++) {
        struct flow *f = engaged_flow(fds[k].fd);
        if (f && copy[k].revents) f->tcp_maybe = true;
        if (f) continue;
        fds[k].revents = copy[k].revents;
        if (copy[k].revents) ready++;
    }
    return ready;
}

static int wait_on(struct pollfd *fds, nfds_t count, uint64_t deadline, const sigset_t *mask) {
    static const struct timespec at_once = {0, 0};
    struct pollfd *copy = malloc((count + 1) * sizeof *copy);
    struct watched watched = {fds, count};
    int result = -1;
    if (!copy) {
        errno = ENOMEM;
        return -1;
    }
    for (;;) {
        int ready = look_at_flows(fds, count), others;
        expose_instances(fds, count);
        if ((others = ask_kernel(fds, count, copy, NULL, &at_once, NULL)) < 0) break;
        result = ready + others;
        if (result > 0 || deadline == 0) break;
        bool engaged = false;
        for (nfds_t k = 0; k < count && !engaged; k++) engaged = engaged_flow(fds[k].fd) != NULL;
        if (engaged && spin_until(any_flow_ready, &watched)) continue;
        struct waiter *w = waiter_of_thread();
        waiter_connect(w);
        waiter_arm(w);
        for (nfds_t k = 0; k < count; k++) {
            struct entry *e = fds[k].fd >= 0 ? entry_tcp(fds[k].fd) : NULL;
            if (e && e->flow) flow_take_notices(e->flow);
        }
        full_fence();
        if (look_at_flows(fds, count) > 0) {
            waiter_disarm(w);
            continue;
        }
        struct timespec time;
        uint64_t began = now_ns();
        others = ask_kernel(fds, count, copy, w, timeout_until(deadline, w->fd < 0 ? 50000000 : NO_DEADLINE, &time), mask);
        int saved = errno;
        waiter_disarm(w);
        errno = saved;
        result = others;
        if (others < 0) break;
        if (copy[count].revents) waiter_drain(w);
        spin_learn(now_ns() - began);
        result = others + look_at_flows(fds, count);
        if (result > 0 || now_ns() >= deadline) break;
    }
    free(copy);
    return result;
}

static uint64_t deadline_of(const struct timespec *timeout) {
    if (!timeout) return NO_DEADLINE;
    uint64_t span = (uint64_t)timeout->tv_sec * 1000000000ull + (uint64_t)timeout->tv_nsec;
    return span ? now_ns() + span : 0;
}

EXPORT int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask) {
    if (!enabled || !concerns_us(fds, count)) return real()->ppoll(fds, count, timeout, mask);
    return wait_on(fds, count, deadline_of(timeout), mask);
}

EXPORT int poll(struct pollfd *fds, nfds_t count, int timeout) {
    struct timespec time = {timeout / 1000, timeout % 1000 * 1000000l};
    if (!enabled || !concerns_us(fds, count)) return real()->poll(fds, count, timeout);
    return wait_on(fds, count, deadline_of(timeout < 0 ? NULL : &time), NULL);
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

static bool in_set(int fd, const fd_set *set) {
    return set && FD_ISSET(fd, set);
}

static nfds_t to_poll(int limit, fd_set *in, fd_set *out, fd_set *urgent, struct pollfd *fds) {
    nfds_t count = 0;
    for (int fd = 0; fd < limit; fd++) {
        short events = (short)((in_set(fd, in) ? POLLIN : 0) | (in_set(fd, out) ? POLLOUT : 0) |
                               (in_set(fd, urgent) ? POLLPRI : 0));
        if (events) fds[count++] = (struct pollfd){fd, events, 0};
    }
    return count;
}

static int from_poll(const struct pollfd *fds, nfds_t count, fd_set *in, fd_set *out, fd_set *urgent) {
    int total = 0;
    for (nfds_t k = 0; k < count; k++)
        if (fds[k].revents & POLLNVAL) {
            errno = EBADF;
            return -1;
        }
    for (nfds_t k = 0; k < count; k++) {
        int fd = fds[k].fd, got = fds[k].revents, want = fds[k].events;
        if (in && (want & POLLIN) && !(got & (POLLIN | POLLHUP | POLLERR))) FD_CLR(fd, in);
        else if (want & POLLIN) total++;
        if (out && (want & POLLOUT) && !(got & (POLLOUT | POLLERR))) FD_CLR(fd, out);
        else if (want & POLLOUT) total++;
        if (urgent && (want & POLLPRI) && !(got & POLLPRI)) FD_CLR(fd, urgent);
        else if (want & POLLPRI) total++;
    }
    return total;
}

static int select_on(struct pollfd *fds, nfds_t count, fd_set *in, fd_set *out, fd_set *urgent, uint64_t deadline,
                     const sigset_t *mask) {
    int n = wait_on(fds, count, deadline, mask);
    return n < 0 ? n : from_poll(fds, count, in, out, urgent);
}

EXPORT int pselect(int limit, fd_set *in, fd_set *out, fd_set *urgent, const struct timespec *timeout,
                   const sigset_t *mask) {
    struct pollfd fds[FD_SETSIZE];
    nfds_t count = enabled && limit <= FD_SETSIZE ? to_poll(limit, in, out, urgent, fds) : 0;
    if (!count || !concerns_us(fds, count)) return real()->pselect(limit, in, out, urgent, timeout, mask);
    return select_on(fds, count, in, out, urgent, deadline_of(timeout), mask);
}

EXPORT int select(int limit, fd_set *in, fd_set *out, fd_set *urgent, struct timeval *timeout) {
    struct pollfd fds[FD_SETSIZE];
    nfds_t count = enabled && limit <= FD_SETSIZE ? to_poll(limit, in, out, urgent, fds) : 0;
    if (!count || !concerns_us(fds, count)) return real()->select(limit, in, out, urgent, timeout);
    struct timespec span = {0, 0};
    if (timeout) span = (struct timespec){timeout->tv_sec, timeout->tv_usec * 1000};
    uint64_t deadline = deadline_of(timeout ? &span : NULL);
    int n = select_on(fds, count, in, out, urgent, deadline, NULL);
    if (timeout && deadline) { /* Linux leaves what is left of the time */
        struct timespec left;
        timeout_until(deadline, NO_DEADLINE, &left);
        *timeout = (struct timeval){left.tv_sec, left.tv_nsec / 1000};
    }
    return n;
}
