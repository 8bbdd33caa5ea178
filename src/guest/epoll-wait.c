/*
 * Waiting on an epoll instance: what is ready in shared memory first, the kernel's descriptors now and then, a spin,
 * and a sleep in the kernel that vsockd can end.
 */
#include "epoll.h"

#include <limits.h>
#include <unistd.h>

#define KERNEL_EVERY 16 /* calls answered from memory between two looks at the kernel's descriptors */

/* Takes what is ready in memory, at most once round the queue. */
static int collect(struct epoll *ep, struct epoll_event *events, int max) {
    int n = 0;
    pthread_mutex_lock(&process_lock);
    dispatch_locked();
    struct item *last = ep->ready_last, *i;
    while (n < max && (i = ep->ready)) {
        bool is_last = i == last;
        item_unqueue(i);
        if (i->engaged && !i->disabled) {
            uint32_t wanted = i->wanted.events;
            uint32_t got = (uint32_t)flow_events(i->entry->fd, i->entry->flow, (int)(wanted & 0xffff));
            if (got) {
                events[n++] = (struct epoll_event){got, i->wanted.data};
                if (wanted & EPOLLONESHOT) i->disabled = true;
                else if (!(wanted & EPOLLET)) item_queue(i);
            }
        }
        if (is_last) break;
    }
    pthread_mutex_unlock(&process_lock);
    return n;
}

static void inner_events(struct epoll *ep) {
    struct epoll_event events[64];
    int n = real()->epoll_wait(ep->inner, events, 64, 0);
    for (int k = 0; k < n; k++) {
        int fd = events[k].data.fd;
        if (fd == ep->bell) {
            bell_silence(ep);
        } else if (ep->waiter && fd == ep->waiter->fd) {
            if (waiter_drain(ep->waiter)) inner_add(ep, ep->waiter->fd, EPOLLIN);
        } else {
            pthread_mutex_lock(&process_lock);
            struct item *i = *item_place(ep, fd);
            if (i && i->engaged) {
                i->entry->flow->tcp_maybe = true;
                item_queue(i);
            }
            pthread_mutex_unlock(&process_lock);
        }
    }
}

/* Leaves out the inner instance's own event; *inner says whether it was there. */
static int without_inner(struct epoll *ep, struct epoll_event *events, int n, bool *inner) {
    int kept = 0;
    *inner = false;
    for (int k = 0; k < n; k++) {
        if (ep->inner >= 0 && events[k].data.ptr == ep) *inner = true;
        else events[kept++] = events[k];
    }
    if (*inner) inner_events(ep);
    return kept;
}

static int kernel_ready(struct epoll *ep, struct epoll_event *events, int max) {
    bool inner;
    int n = max > 0 ? real()->epoll_wait(ep->fd, events, max, 0) : 0;
    return n > 0 ? without_inner(ep, events, n, &inner) : 0;
}

static bool any_ready_locked(struct epoll *ep) {
    for (struct item *i = ep->ready, *next; i; i = next) {
        next = i->next_ready;
        if (i->engaged && !i->disabled && flow_events(i->entry->fd, i->entry->flow, (int)(i->wanted.events & 0xffff)))
            return true;
        item_unqueue(i);
    }
    return false;
}

void epoll_expose(struct epoll *ep) {
    for (int c = 0; c < 8; c++)
        if (ep->children[c]) epoll_settle(ep->children[c]);
    if (!ep->sockets) return;
    pthread_mutex_lock(&process_lock);
    inner_make(ep);
    inner_connect_waiter(ep);
    if (ep->waiter) waiter_arm(ep->waiter);
    full_fence();
    dispatch_locked();
    for (int b = 0; b < EPOLL_BUCKETS; b++)
        for (struct item *i = ep->buckets[b]; i; i = i->next_in_bucket)
            if (i->entry->flow) flow_take_notices(i->entry->flow);
    bool ready = any_ready_locked(ep);
    pthread_mutex_unlock(&process_lock);
    if (ready) bell_ring(ep);
}

void epoll_settle(struct epoll *ep) {
    if (ep->inner >= 0) inner_events(ep);
    epoll_expose(ep);
}

static void settle_children(struct epoll *ep) {
    for (int c = 0; c < 8; c++)
        if (ep->children[c]) epoll_settle(ep->children[c]);
}

static bool some_ready(void *of) {
    struct epoll *ep = of;
    struct vs_process *p = shared_region ? own_process() : NULL;
    return ep->ready || (p && (load(&p->summary[0]) | load(&p->summary[1])));
}

/* With sockets that another thread may claim, or that are claimed, the sleep must be one that vsockd can end. */
static bool needs_waiter(struct epoll *ep) {
    if (ep->engaged || (ep->sockets && threads_exist() && shared_region)) return true;
    for (int b = 0; b < EPOLL_BUCKETS; b++)
        for (struct item *i = ep->buckets[b]; i; i = i->next_in_bucket)
            if (i->entry->flow) return true;
    for (int c = 0; c < 8; c++)
        if (ep->children[c] && needs_waiter(ep->children[c])) return true;
    return false;
}

static int wait_events(struct epoll *ep, struct epoll_event *events, int max, uint64_t deadline, const sigset_t *mask) {
    bool inner, waitable = deadline != 0;
    for (;;) {
        /* now and then the kernel's first, that busy flows do not fill `events` for ever */
        int n = ep->engaged && ++ep->turns % KERNEL_EVERY == 0 ? kernel_ready(ep, events, max) : 0;
        if (ep->engaged) n += collect(ep, events + n, max - n);
        if (n > 0) return n;
        if (waitable && ep->engaged && spin_until(some_ready, ep)) continue;
        if (ep->engaged || !waitable) {
            settle_children(ep);
            if ((n = kernel_ready(ep, events, max)) > 0) return n;
            if ((n = collect(ep, events, max)) > 0 || !waitable) return n;
        }
        uint64_t cap = NO_DEADLINE;
        __atomic_fetch_add(&ep->sleepers, 1, __ATOMIC_SEQ_CST); /* before the last look: a later change rings */
        bool exposed = needs_waiter(ep);
        if (exposed) {
            epoll_expose(ep);
            if (ep->waiter && ep->waiter->fd < 0) cap = 50000000;
        }
        uint64_t began = now_ns();
        struct timespec time, *limit = timeout_until(deadline, cap, &time);
        n = real()->epoll_pwait2(ep->fd, events, max, limit, mask);
        int saved = errno;
        __atomic_fetch_sub(&ep->sleepers, 1, __ATOMIC_SEQ_CST);
        if (ep->waiter) waiter_disarm(ep->waiter);
        if (n < 0) {
            errno = saved;
            return -1;
        }
        spin_learn(now_ns() - began);
        if (n > 0 && (n = without_inner(ep, events, n, &inner)) > 0) return n;
        if ((n = collect(ep, events, max)) > 0) return n;
        if (now_ns() >= deadline) return 0;
    }
}

static int wait_on(int fd, struct epoll_event *events, int max, const struct timespec *timeout, const sigset_t *mask,
                   bool *ours) {
    struct epoll *ep = max > 0 && events ? epoll_of(fd) : NULL;
    *ours = ep && (epoll_has_sockets(ep) || threads_exist()); /* another thread may add one while this one waits */
    if (!*ours) return 0;
    uint64_t span = timeout ? (uint64_t)timeout->tv_sec * 1000000000ull + (uint64_t)timeout->tv_nsec : 0;
    return wait_events(ep, events, max, !timeout ? NO_DEADLINE : span ? now_ns() + span : 0, mask);
}

static struct timespec *milliseconds(int timeout, struct timespec *out) {
    out->tv_sec = timeout / 1000;
    out->tv_nsec = timeout % 1000 * 1000000l;
    return timeout < 0 ? NULL : out;
}

EXPORT int epoll_wait(int fd, struct epoll_event *events, int max, int timeout) {
    bool ours;
    struct timespec time;
    int n = wait_on(fd, events, max, milliseconds(timeout, &time), NULL, &ours);
    return ours ? n : real()->epoll_wait(fd, events, max, timeout);
}

EXPORT int epoll_pwait(int fd, struct epoll_event *events, int max, int timeout, const sigset_t *mask) {
    bool ours;
    struct timespec time;
    int n = wait_on(fd, events, max, milliseconds(timeout, &time), mask, &ours);
    return ours ? n : real()->epoll_pwait(fd, events, max, timeout, mask);
}

EXPORT int epoll_pwait2(int fd, struct epoll_event *events, int max, const struct timespec *timeout,
                        const sigset_t *mask) {
    bool ours;
    int n = wait_on(fd, events, max, timeout, mask, &ours);
    return ours ? n : real()->epoll_pwait2(fd, events, max, timeout, mask);
}
