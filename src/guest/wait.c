/* Waiting: first a spin that yields the processor, for as long as that pays, then a sleep that vsockd can end. */
#include "internal.h"

#include <sched.h>
#include <unistd.h>

#define SLEEP_CAP_NS 50000000ull /* with no connection to vsockd to be woken through */

uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static __thread uint64_t spin_ns = 1; /* 1: not set yet */

static uint64_t spin_limit_ns(void) {
    return shared_region ? (uint64_t)shared_region->guest_spin_microseconds * 1000 : 0;
}

bool spin_until(condition ready, void *of) {
    if (spin_ns == 1) spin_ns = spin_limit_ns();
    if (ready(of)) return true;
    uint64_t end = now_ns() + spin_ns;
    do {
        sched_yield();
        if (ready(of)) {
            uint64_t limit = spin_limit_ns();
            spin_ns = spin_ns * 2 > limit ? limit : spin_ns * 2;
            return true;
        }
    } while (now_ns() < end);
    spin_ns = spin_ns / 2 + 2;
    return false;
}

void spin_learn(uint64_t slept_ns) {
    uint64_t limit = spin_limit_ns();
    if (slept_ns < 2 * limit) spin_ns = limit;
}

struct timespec *timeout_until(uint64_t deadline_ns, uint64_t cap_ns, struct timespec *out) {
    if (deadline_ns == NO_DEADLINE && cap_ns == NO_DEADLINE) return NULL;
    uint64_t now = now_ns(), left = deadline_ns == NO_DEADLINE ? NO_DEADLINE : deadline_ns > now ? deadline_ns - now : 0;
    if (left > cap_ns) left = cap_ns;
    out->tv_sec = (time_t)(left / 1000000000ull);
    out->tv_nsec = (long)(left % 1000000000ull);
    return out;
}

static bool handler_without_restart;

bool signals_restart(void) {
    return !handler_without_restart;
}

EXPORT int sigaction(int signal, const struct sigaction *act, struct sigaction *old) {
    if (act && act->sa_handler != SIG_DFL && act->sa_handler != SIG_IGN && !(act->sa_flags & SA_RESTART))
        handler_without_restart = true;
    return real()->sigaction(signal, act, old);
}

uint64_t socket_deadline(int fd, int option, bool *has_timeout) {
    struct timeval limit = {0, 0};
    socklen_t size = sizeof limit;
    *has_timeout = real()->getsockopt(fd, SOL_SOCKET, option, &limit, &size) == 0 && (limit.tv_sec || limit.tv_usec);
    return *has_timeout ? now_ns() + (uint64_t)limit.tv_sec * 1000000000ull + (uint64_t)limit.tv_usec * 1000 : NO_DEADLINE;
}

static bool readable_in_memory(void *of) {
    struct flow *f = of;
    struct vs_slot *h = f->header;
    return h->rx_on_ring && (rx_available(f) || rx_at_end(f) || rx_at_stop(h) || flow_is_reset(f));
}

static bool writable_in_memory(void *of) {
    struct flow *f = of;
    if (flow_is_reset(f)) return true;
    if (!tx_on_ring(f->header)) return !tx_between(f->header);
    return tx_free(f) >= VS_RING_BYTES / 4 || tx_must_leave(f->header);
}

/* Whether the sleep on a flow that is not engaged yet, or still reads from TCP, would miss something. */
static bool must_look(struct flow *f, bool to_read) {
    if (!f->engaged) return load(&f->header->host_state) >= HOST_OPEN && load(&f->header->host_generation) == f->generation;
    if (!to_read) return writable_in_memory(f);
    return readable_in_memory(f) || (!f->header->rx_on_ring && rx_start_told(f->header) && !f->start_seen);
}

/* Sleeps on the TCP side (when fd >= 0) and on the waiter: 1 look again, -1 with errno. */
static int sleep_on(int fd, short events, struct waiter *w, uint64_t deadline_ns, uint64_t cap_ns, bool has_timeout,
                    bool *tcp_event) {
    struct pollfd wait[2] = {{fd, events, 0}, {w->fd, POLLIN, 0}};
    uint64_t began = now_ns();
    struct timespec time;
    int n = real()->ppoll(wait, 2, timeout_until(deadline_ns, cap_ns, &time), NULL);
    int saved = errno;
    waiter_disarm(w);
    errno = saved;
    if (n < 0) return saved == EINTR && !has_timeout && signals_restart() ? 1 : -1;
    *tcp_event = wait[0].revents != 0;
    if (wait[1].revents) waiter_drain(w);
    if (n > 0) spin_learn(now_ns() - began);
    if (n > 0 || now_ns() < deadline_ns) return 1;
    errno = EAGAIN;
    return -1;
}

int wait_for_claim(int fd, struct entry *e, uint32_t turn, uint64_t deadline_ns, bool has_timeout) {
    static struct waiter none = {-1, VS_WAITERS, UINT64_MAX};
    struct waiter *w = turn == 0 ? &none : waiter_of_thread();
    bool tcp_event;
    if (!w) return 1;
    waiter_connect(w);
    waiter_arm(w);
    if (load(&e->flow)) {
        waiter_disarm(w);
        return 1;
    }
    /* A short first sleep spares the threads of short connections a waiter. */
    uint64_t cap = turn == 0 ? SLEEP_CAP_NS / 5 : w->fd < 0 ? 10 * SLEEP_CAP_NS : NO_DEADLINE;
    return sleep_on(fd, POLLIN, w, deadline_ns, cap, has_timeout, &tcp_event);
}

int wait_for_flow(int fd, struct flow *f, bool to_read, uint64_t deadline_ns, bool has_timeout) {
    bool in_ring = f->engaged && (!to_read || f->header->rx_on_ring);
    if (in_ring && spin_until(to_read ? readable_in_memory : writable_in_memory, f)) return 1;
    struct waiter *w = waiter_of_thread();
    if (!w) return 1;
    waiter_connect(w);
    flow_take_notices(f);
    waiter_arm(w);
    if (!to_read) ring_want_space(f);
    full_fence();
    if (must_look(f, to_read)) {
        waiter_disarm(w);
        return 1;
    }
    /* After its end the TCP side stays readable for ever; of an engaged sender's only errors matter. */
    bool ended = to_read && f->header->rx_end_of_stream, tcp_event = false;
    uint64_t cap = w->fd < 0 ? SLEEP_CAP_NS : flow_shared(f) ? SLEEP_CAP_NS / 5 : NO_DEADLINE;
    short events = to_read ? POLLIN | POLLRDHUP : f->engaged ? 0 : POLLOUT;
    int result = sleep_on(ended ? -1 : fd, events, w, deadline_ns, cap, has_timeout, &tcp_event);
    if (tcp_event) f->tcp_maybe = true;
    return result;
}
