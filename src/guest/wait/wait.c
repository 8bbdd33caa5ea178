#include "wait.h"

#include "scarcity.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

static __thread uint64_t spin_ns = 1; /* 1: not set yet */

static uint64_t spin_limit_ns(void) {
    return shared_front ? (uint64_t)shared_front->guest_spin_microseconds * NS_PER_MICROSECOND : 0;
}

static __thread struct scarcity scarcity;

/* A turn of a spin that took long was somebody else's: whether this is a time to go on. */
static bool pays_after(uint64_t began_ns, uint64_t now) {
    if (now - began_ns < SCARCITY_LOST_NS) return true;
    scarcity_lose(&scarcity, now, now - began_ns);
    return !scarcity_is_on(&scarcity, now);
}

bool spin_until(condition ready, void *of) {
    if (spin_ns == 1) spin_ns = spin_limit_ns();
    if (ready(of)) return true;
    uint64_t began = now_ns(), end = began + spin_ns, now = began;
    if (scarcity_is_on(&scarcity, now)) return false;
    bool found, pays;
    do {
        uint64_t turn = now;
        sched_yield();
        found = ready(of);
        pays = pays_after(turn, now = now_ns());
    } while (!found && pays && now < end);
    scarcity_spun(&scarcity, now - began);
    if (found) {
        uint64_t limit = spin_limit_ns();
        spin_ns = spin_ns * 2 > limit ? limit : spin_ns * 2;
    } else if (pays) {
        spin_ns = spin_ns / 2 + 2;
    }
    return found;
}

void spin_learn(uint64_t slept_ns) {
    uint64_t limit = spin_limit_ns();
    if (slept_ns < 2 * limit) spin_ns = limit;
}

struct timespec *timeout_until(uint64_t deadline_ns, uint64_t cap_ns, struct timespec *out) {
    if (deadline_ns == NO_DEADLINE && cap_ns == NO_DEADLINE) return NULL;
    uint64_t now = now_ns(), left = deadline_ns == NO_DEADLINE ? NO_DEADLINE : deadline_ns > now ? deadline_ns - now : 0;
    if (left > cap_ns) left = cap_ns;
    out->tv_sec = (time_t)(left / NS_PER_SECOND);
    out->tv_nsec = (long)(left % NS_PER_SECOND);
    return out;
}

uint64_t socket_deadline(int fd, int option, bool *has_timeout) {
    struct timeval limit = {0, 0};
    socklen_t size = sizeof limit;
    *has_timeout = kernel(SYS_getsockopt, fd, SOL_SOCKET, option, &limit, &size) == 0 && (limit.tv_sec || limit.tv_usec);
    if (!*has_timeout) return NO_DEADLINE;
    return now_ns() + (uint64_t)limit.tv_sec * NS_PER_SECOND + (uint64_t)limit.tv_usec * NS_PER_MICROSECOND;
}

bool prepare_sleep(struct waiter *w, condition ready, void *of) {
    waiter_connect(w);
    waiter_arm(w);
    full_fence();
    if (!ready(of)) return true;
    waiter_disarm(w);
    return false;
}

static bool readable_in_memory(void *of) {
    struct flow *f = of;
    struct vs_slot *h = f->header;
    return flow_is_reset(f) || (h->rx_on_ring && (rx_available(f) || rx_at_end(f) || rx_at_stop(h)));
}

static bool writable_in_memory(void *of) {
    struct flow *f = of;
    struct vs_slot *h = f->header;
    if (flow_is_reset(f)) return true;
    if (flow_owes(f)) return false;
    if (!tx_on_ring(h)) return !tx_between(h);
    return tx_free(f) >= VS_RING_BYTES / 4 || tx_must_leave(h);
}

struct wait {
    struct flow *flow;
    bool to_read;
    bool owed, left, start; /* what was known before the wait: news of it ends the wait */
};

static bool has_news(void *of) {
    struct wait *wait = of;
    struct vs_slot *h = wait->flow->header;
    if (load(&h->left) != wait->left || flow_owes(wait->flow) != wait->owed) return true;
    if (!wait->to_read) return writable_in_memory(wait->flow);
    return readable_in_memory(wait->flow) || (!h->rx_on_ring && rx_start_told(h) != wait->start);
}

/*
 * The other end may have gone to its ring after the look that found nothing: that is no news any more. Where its bytes on TCP
 * are not all here, they will wake us.
 */
static bool ring_begins(int fd, struct flow *f) {
    struct vs_slot *h = f->header;
    slot_lock(&h->rx_lock);
    bool begins = !h->rx_on_ring && tcp_is_read_to_ring(fd, h);
    slot_unlock(&h->rx_lock);
    return begins;
}

struct sleeper {
    struct waiter *waiter;
    struct connection *held; /* by a call that does not go on: its thread is cancelled; else NULL */
    sigset_t mask;
};

static void end_sleep(void *of) {
    struct sleeper *sleeper = of;
    waiter_disarm(sleeper->waiter);
    signals_let_go(&sleeper->mask);
    if (sleeper->held) connection_let_go(sleeper->held);
}

static int sleep_unless_interrupted(struct pollfd *fds, const struct timespec *time, const sigset_t *mask,
                                    struct handled before, bool signal_ends) {
    return is_interrupted(before, signal_ends) ? interrupted() : real()->ppoll(fds, 2, time, mask);
}

/* Sleeps on the TCP side (when fd >= 0) and on the waiter: 1 look again, -1 with errno. */
static int sleep_on(int fd, short events, struct waiter *w, struct connection *held, uint64_t deadline_ns, uint64_t cap_ns,
                    struct handled before, bool signal_ends, bool *tcp_event) {
    struct pollfd wait[2] = {{fd, events, 0}, {w->fd, POLLIN, 0}};
    uint64_t began = now_ns();
    struct timespec time;
    struct sleeper sleeper = {.waiter = w, .held = held};
    int n, saved, first = errno;
    signals_hold(&sleeper.mask);
    pthread_cleanup_push(end_sleep, &sleeper); /* ppoll is where a thread may be cancelled */
    n = sleep_unless_interrupted(wait, timeout_until(deadline_ns, cap_ns, &time), &sleeper.mask, before, signal_ends);
    saved = errno;
    sleeper.held = NULL;
    pthread_cleanup_pop(1);
    if (n < 0 && (saved != EINTR || ends_by_signal(before, signal_ends))) return errno = saved, -1;
    errno = first; /* of a call that goes on the program sees none */
    if (n < 0) return 1;
    *tcp_event = wait[0].revents != 0;
    if (wait[1].revents) waiter_drain(w);
    if (n > 0) spin_learn(now_ns() - began);
    if (n > 0 || now_ns() < deadline_ns) return 1;
    errno = EAGAIN;
    return -1;
}

int wait_for_flow(int fd, struct flow *f, struct connection *held, bool to_read, uint64_t deadline_ns, bool signal_ends) {
    struct vs_slot *h = f->header;
    bool in_ring = !to_read || h->rx_on_ring;
    struct handled handled = signals_handled;
    if (in_ring && spin_until(to_read ? readable_in_memory : writable_in_memory, f)) return 1;
    struct waiter *w = waiter_of_thread();
    if (!w) return 1;
    flow_take_notices(f);
    struct wait wait = {f, to_read, flow_owes(f), load(&h->left), rx_start_told(h)};
    if (to_read && wait.start && ring_begins(fd, f)) return 1;
    if (!to_read) ring_want_space(f);
    if (!prepare_sleep(w, has_news, &wait)) return 1;
    /* After its end the TCP side stays readable for ever, and so it does while the ring comes first. */
    bool tcp_later = to_read && (h->rx_end_of_stream || (h->rx_on_ring && rx_stop_told(h)));
    short events = to_read && !tcp_later ? POLLIN | POLLRDHUP : 0;
    if (wait.owed || (!to_read && !tx_on_ring(h) && !tx_between(h))) events |= POLLOUT;
    uint64_t cap = w->fd < 0 ? SLEEP_CAP_UNCONNECTED_NS : flow_shared(f) ? SLEEP_CAP_SHARED_NS : NO_DEADLINE;
    bool tcp_event = false;
    int result = sleep_on(tcp_later && !events ? -1 : fd, events, w, held, deadline_ns, cap, handled, signal_ends,
                          &tcp_event);
    if (tcp_event) f->tcp_maybe = true;
    return result;
}
