/*
 * Waiting on an epoll instance: what is ready in shared memory first, the kernel's descriptors now and then, a spin,
 * and a sleep in the kernel that vsockd can end. An instance without an engaged flow is waited on by the kernel alone.
 */
#include "epoll.h"

#include "wait/wait.h"

#include <limits.h>

#define KERNEL_EVERY 16 /* calls answered from memory between two looks at the kernel's descriptors */
#define POLL_EVENTS 0xffff /* the rest of epoll's flags are how, not what */
#define FOREIGN_NAP_NS (1 * NS_PER_MILLISECOND)

static struct flow *flow_of_item(struct item *i) {
    return i->entry->connection ? i->entry->connection->flow : NULL;
}

/* Takes what is ready in memory, at most once round the queue. */
static int collect(struct epoll *ep, struct epoll_event *events, int max) {
    int n = 0;
    pthread_mutex_lock(&process_lock);
    dispatch_locked();
    struct item *last = ep->ready_last, *i;
    while (n < max && (i = ep->ready)) {
        bool is_last = i == last;
        struct flow *f = flow_of_item(i);
        item_unqueue(i);
        uint32_t wanted = i->wanted.events;
        uint32_t got = f && i->engaged ? (uint32_t)flow_events(i->entry->fd, f, (int)(wanted & POLL_EVENTS)) : 0;
        if (got && i->engaged) {
            events[n++] = (struct epoll_event){got, i->wanted.data};
            if (wanted & EPOLLONESHOT) i->disabled = true;
            else if (!(wanted & EPOLLET)) item_queue(i);
        }
        if (is_last) break;
    }
    pthread_mutex_unlock(&process_lock);
    return n;
}

/* Leaves out events that are the library's own; *own says whether there was one. */
static int without_own(struct epoll *ep, struct epoll_event *events, int n, bool *own) {
    int kept = 0;
    *own = false;
    for (int k = 0; k < n; k++) {
        bool is_inner = events[k].data.u64 == OWN_EVENT;
        if (is_inner && ep) inner_take_events(ep);
        if (is_inner || (ep && ep->children && is_false_alarm(ep, &events[k]))) *own = true;
        else events[kept++] = events[k];
    }
    if (ep) note_shown(ep, events, kept);
    return kept;
}

static int kernel_ready(struct epoll *ep, int fd, struct epoll_event *events, int max) {
    bool own;
    long n = max > 0 ? kernel(SYS_epoll_wait, fd, events, max, 0) : 0;
    return n > 0 ? without_own(ep, events, (int)n, &own) : 0;
}

static bool any_ready_locked(struct epoll *ep) {
    for (struct item *i; (i = ep->ready);) {
        struct flow *f = flow_of_item(i);
        if (f && i->engaged && flow_events(i->entry->fd, f, (int)(i->wanted.events & POLL_EVENTS))) return true;
        item_unqueue(i);
    }
    return false;
}

static void settle_children(struct epoll *ep) {
    for (struct nested *n = ep->children; n; n = n->next) epoll_settle(n->child);
}

/* Makes the kernel's view of an instance true, so that a kernel call may wait on it. */
static void expose(struct epoll *ep) {
    settle_children(ep);
    if (!ep->engaged) return;
    pthread_mutex_lock(&process_lock);
    inner_connect_waiter(ep);
    if (ep->waiter) waiter_arm(ep->waiter);
    full_fence();
    dispatch_locked();
    for (int b = 0; b < EPOLL_BUCKETS; b++)
        for (struct item *i = ep->buckets[b]; i; i = i->next_in_bucket)
            if (i->engaged && flow_of_item(i)) flow_take_notices(flow_of_item(i));
    bool ready = any_ready_locked(ep);
    pthread_mutex_unlock(&process_lock);
    if (ready) bell_ring(ep);
}

void epoll_settle(struct epoll *ep) {
    epoll_take_over(ep);
    inner_take_events(ep);
    expose(ep);
}

static bool some_ready(void *of) {
    struct epoll *ep = of;
    struct vs_process *p = shared_region ? own_process() : NULL;
    return load(&ep->ready) || (p && (load(&p->summary[0]) | load(&p->summary[1])));
}

/* Others of the process's threads are woken by the bell, when they find it rung. */
static bool sleeps_unconnected(struct epoll *ep) {
    return ep->waiter && ep->waiter->fd < 0;
}

static int wait_events(struct epoll *ep, int fd, struct epoll_event *events, int max, uint64_t deadline,
                       const sigset_t *mask) {
    bool own, waitable = deadline != 0;
    struct handled handled = signals_handled;
    for (;;) {
        /* now and then the kernel's first, that busy flows do not fill `events` for ever */
        int n = count_by(&ep->turns, 1) % KERNEL_EVERY == 0 ? kernel_ready(ep, fd, events, max) : 0;
        n += collect(ep, events + n, max - n);
        if (n > 0) return n;
        if (waitable && ep->engaged && spin_until(some_ready, ep)) continue;
        settle_children(ep);
        if ((n = kernel_ready(ep, fd, events, max)) > 0) return n;
        if ((n = collect(ep, events, max)) > 0 || !waitable) return n;
        add_to(&ep->sleepers, 1); /* before the last look: a later change rings */
        expose(ep);
        uint64_t began = now_ns();
        struct timespec time;
        uint64_t cap = sleeps_unconnected(ep) ? SLEEP_CAP_UNCONNECTED_NS : NO_DEADLINE;
        sigset_t own_mask;
        signals_hold(&own_mask);
        n = is_interrupted(handled, true)
                ? interrupted()
                : real()->epoll_pwait2(fd, events, max, timeout_until(deadline, cap, &time), mask ? mask : &own_mask);
        signals_let_go(&own_mask);
        int saved = errno;
        add_to(&ep->sleepers, -1);
        if (ep->waiter) waiter_disarm(ep->waiter);
        errno = saved;
        if (n < 0) return -1;
        spin_learn(now_ns() - began);
        if (n > 0 && (n = without_own(ep, events, n, &own)) > 0) return n;
        if ((n = collect(ep, events, max)) > 0) return n;
        if (now_ns() >= deadline) return 0;
    }
}

enum wait_kind { WAIT, PWAIT, PWAIT2 };
/* The program's call, as it made it. */
struct call {
    enum wait_kind kind;
    int fd, max, milliseconds;
    struct epoll_event *events;
    const struct timespec *time;
    const sigset_t *mask;
};

static int by_kernel(const struct call *c) {
    switch (c->kind) {
    case WAIT: return real()->epoll_wait(c->fd, c->events, c->max, c->milliseconds);
    case PWAIT: return real()->epoll_pwait(c->fd, c->events, c->max, c->milliseconds, c->mask);
    default: return real()->epoll_pwait2(c->fd, c->events, c->max, c->time, c->mask);
    }
}

static uint64_t span_of(const struct call *c) {
    if (c->kind != PWAIT2)
        return c->milliseconds < 0 ? NO_DEADLINE : (uint64_t)c->milliseconds * NS_PER_MILLISECOND;
    return c->time ? (uint64_t)c->time->tv_sec * NS_PER_SECOND + (uint64_t)c->time->tv_nsec : NO_DEADLINE;
}

/* What the kernel would refuse, it shall refuse. */
static bool is_sound(const struct call *c) {
    if (c->max <= 0 || c->max > INT_MAX / (int)sizeof *c->events) return false;
    if (!may_be_memory(c->events, sizeof *c->events) || (c->mask && !may_be_memory(c->mask, sizeof(uint64_t)))) return false;
    if (c->kind != PWAIT2 || !c->time) return true;
    return may_be_memory(c->time, sizeof *c->time) && c->time->tv_sec >= 0 && c->time->tv_nsec >= 0 &&
           c->time->tv_nsec < (long)NS_PER_SECOND;
}

static int wait_on(const struct call *c);

/* The kernel sees a bad address only when it has something to put there; so does this. */
static int wait_on_nothing(const struct call *c) {
    struct epoll_event one;
    struct call call = *c;
    call.events = &one;
    call.max = 1;
    int n = wait_on(&call);
    if (n <= 0) return n;
    errno = EFAULT;
    return -1;
}

static int wait_on(const struct call *c) {
    struct epoll *ep = epoll_of(c->fd);
    if (ep && c->max > 0 && !may_be_memory(c->events, sizeof *c->events) && (uintptr_t)c->events < 1ull << 47)
        return wait_on_nothing(c);
    if (ep) epoll_take_over(ep);
    bool sound = is_sound(c);
    uint64_t span = sound ? span_of(c) : 0, began = 0;
    uint64_t deadline = span == NO_DEADLINE ? NO_DEADLINE : 0;
    while (!ep || !sound || !epoll_has_engaged(ep)) {
        if (ep) add_to(&ep->sleepers, 1);
        full_fence();
        if (ep && sound && epoll_has_engaged(ep)) {
            add_to(&ep->sleepers, -1);
            break;
        }
        if (!began && span && span != NO_DEADLINE) began = now_ns();
        int n = by_kernel(c);
        if (ep) add_to(&ep->sleepers, -1);
        if (n <= 0) return n;
        bool own;
        int kept = without_own(ep, c->events, n, &own);
        if (kept || !own) return kept;
        /* Only the library's own event: another thread's flow was engaged meanwhile, or another process's. */
        ep = epoll_of(c->fd);
        if (span == 0) return 0;
        if (began && now_ns() - began >= span) return 0;
        if (!ep || !epoll_has_engaged(ep)) {
            struct timespec nap = {0, FOREIGN_NAP_NS};
            kernel(SYS_nanosleep, &nap, NULL);
        }
    }
    if (span && span != NO_DEADLINE) deadline = (began ? began : now_ns()) + span;
    return wait_events(ep, c->fd, c->events, c->max, deadline, c->mask);
}

EXPORT int epoll_wait(int fd, struct epoll_event *events, int max, int timeout) {
    return wait_on(&(struct call){WAIT, fd, max, timeout, events, NULL, NULL});
}

EXPORT int epoll_pwait(int fd, struct epoll_event *events, int max, int timeout, const sigset_t *mask) {
    return wait_on(&(struct call){PWAIT, fd, max, timeout, events, NULL, mask});
}

EXPORT int epoll_pwait2(int fd, struct epoll_event *events, int max, const struct timespec *timeout,
                        const sigset_t *mask) {
    return wait_on(&(struct call){PWAIT2, fd, max, 0, events, timeout, mask});
}
