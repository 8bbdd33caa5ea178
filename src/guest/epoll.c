/*
 * epoll for engaged flows. A program's epoll instance keeps its descriptors in the kernel, as the program put them
 * there, until a flow is engaged: then its item moves to an inner instance, edge-triggered, where the kernel only
 * tells of the end of the TCP side, and the rest is answered from shared memory. The inner instance stands in the
 * program's own, and holds the waiter that vsockd wakes it by: so nested instances, poll and select see it too.
 */
#include "internal.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BUCKETS 64
#define KERNEL_EVERY 16 /* calls answered from memory between two looks at the kernel's descriptors */

struct item {
    struct item *next_of_entry;
    struct item *next_in_bucket;
    struct epoll *epoll;
    struct entry *entry;
    struct epoll_event wanted;
    bool engaged, disabled, queued;
    bool absent; /* taken out by the program; kept, since some take out and put in for every request */
    struct item *previous_ready, *next_ready;
};

struct epoll {
    int fd, inner, bell;
    bool bell_rung;
    struct waiter *waiter;
    uint32_t sockets, engaged, turns;
    uint32_t sleepers; /* threads that the kernel holds for this instance now */
    struct item *buckets[BUCKETS];
    struct item *ready, *ready_last;
    struct epoll *children[8]; /* nested instances that this one watches */
};

static void queue(struct item *i) {
    if (i->queued || i->disabled || i->absent) return;
    struct epoll *ep = i->epoll;
    i->queued = true;
    i->next_ready = NULL;
    i->previous_ready = ep->ready_last;
    if (ep->ready_last) ep->ready_last->next_ready = i;
    else ep->ready = i;
    ep->ready_last = i;
}

static void unqueue(struct item *i) {
    if (!i->queued) return;
    struct epoll *ep = i->epoll;
    if (i->previous_ready) i->previous_ready->next_ready = i->next_ready;
    else ep->ready = i->next_ready;
    if (i->next_ready) i->next_ready->previous_ready = i->previous_ready;
    else ep->ready_last = i->previous_ready;
    i->queued = false;
}

static struct item **place_of(struct epoll *ep, int fd) {
    struct item **at = &ep->buckets[(unsigned)fd % BUCKETS];
    while (*at && (*at)->entry->fd != fd) at = &(*at)->next_in_bucket;
    return at;
}

static int inner_add(struct epoll *ep, int fd, uint32_t events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    return real()->epoll_ctl(ep->inner, EPOLL_CTL_ADD, fd, &event);
}

static void inner_make(struct epoll *ep) {
    if (ep->inner >= 0) return;
    int saved = errno;
    ep->inner = hide_descriptor(real()->epoll_create1(EPOLL_CLOEXEC));
    ep->bell = hide_descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    ep->waiter = waiter_new();
    inner_add(ep, ep->bell, EPOLLIN);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = ep};
    real()->epoll_ctl(ep->fd, EPOLL_CTL_ADD, ep->inner, &event);
    errno = saved;
}

static void waiter_ready(struct epoll *ep) {
    if (!ep->waiter || ep->waiter->fd >= 0) return;
    if (waiter_connect(ep->waiter)) inner_add(ep, ep->waiter->fd, EPOLLIN);
}

static void ring_bell(struct epoll *ep) {
    uint64_t one = 1;
    if (ep->bell < 0 || ep->bell_rung) return;
    ep->bell_rung = true;
    (void)!real()->write(ep->bell, &one, sizeof one);
}

static void silence_bell(struct epoll *ep) {
    uint64_t count;
    (void)!real()->read(ep->bell, &count, sizeof count);
    ep->bell_rung = false;
}

static void engage_item(struct item *i) {
    if (i->engaged) return;
    struct epoll *ep = i->epoll;
    inner_make(ep);
    int saved = errno;
    real()->epoll_ctl(ep->fd, EPOLL_CTL_DEL, i->entry->fd, &(struct epoll_event){0});
    inner_add(ep, i->entry->fd, EPOLLIN | EPOLLRDHUP | EPOLLET);
    errno = saved;
    i->engaged = true;
    ep->engaged++;
    i->entry->flow->tcp_maybe = true;
    queue(i);
    if (load(&ep->sleepers)) ring_bell(ep);
}

void epoll_engage_entry(struct entry *e) {
    for (struct item *i = e->items; i; i = i->next_of_entry) engage_item(i);
}

void epoll_mark_flow(struct flow *f) {
    for (struct entry *e = f->entries; e; e = e->next_of_flow)
        for (struct item *i = e->items; i; i = i->next_of_entry) queue(i);
}

static void item_remove(struct item *i) {
    struct epoll *ep = i->epoll;
    unqueue(i);
    *place_of(ep, i->entry->fd) = i->next_in_bucket;
    for (struct item **at = &i->entry->items; *at; at = &(*at)->next_of_entry)
        if (*at == i) {
            *at = i->next_of_entry;
            break;
        }
    if (i->engaged) {
        int saved = errno;
        real()->epoll_ctl(ep->inner, EPOLL_CTL_DEL, i->entry->fd, &(struct epoll_event){0});
        errno = saved;
        ep->engaged--;
    }
    ep->sockets--;
    free(i);
}

void epoll_forget_items(struct entry *e) {
    pthread_mutex_lock(&process_lock);
    while (e->items) item_remove(e->items);
    pthread_mutex_unlock(&process_lock);
}

static void epoll_close_inner(struct epoll *ep) {
    if (ep->inner < 0) return;
    unhide_close(ep->inner);
    unhide_close(ep->bell);
    if (ep->waiter) waiter_free(ep->waiter);
}

void epoll_forget(struct entry *e) {
    struct epoll *ep = e->epoll;
    pthread_mutex_lock(&process_lock);
    for (int b = 0; b < BUCKETS; b++)
        while (ep->buckets[b]) item_remove(ep->buckets[b]);
    struct entry *other;
    for (int cursor = 0; (other = entry_each(&cursor));)
        for (int c = 0; other->epoll && c < 8; c++)
            if (other->epoll->children[c] == ep) other->epoll->children[c] = NULL;
    e->epoll = NULL;
    pthread_mutex_unlock(&process_lock);
    epoll_close_inner(ep);
    free(ep);
}

/* In the child the kernel's instances are shared with the parent: it leaves them alone. */
void epoll_after_fork(void) {
    struct entry *e;
    for (int cursor = 0; (e = entry_each(&cursor));) {
        e->items = NULL;
        if (e->epoll) {
            e->epoll = NULL;
            e->kind = KIND_OTHER;
        }
    }
}

static struct epoll *epoll_new(int fd) {
    struct entry *e = entry_get(fd);
    if (!e) return NULL;
    pthread_mutex_lock(&process_lock);
    if (!e->epoll && (e->epoll = calloc(1, sizeof *e->epoll))) {
        e->epoll->fd = fd;
        e->epoll->inner = e->epoll->bell = -1;
    }
    pthread_mutex_unlock(&process_lock);
    return e->epoll;
}

static struct epoll *epoll_of(int fd) {
    struct entry *e = enabled ? entry_find(fd) : NULL;
    if (!e || e->kind != KIND_EPOLL) return NULL;
    return e->epoll || !threads_exist() ? e->epoll : epoll_new(fd);
}

bool epoll_has_sockets(struct epoll *ep) {
    if (ep->sockets) return true;
    for (int c = 0; c < 8; c++)
        if (ep->children[c] && epoll_has_sockets(ep->children[c])) return true;
    return false;
}

static int created(int fd) {
    struct entry *e = enabled && fd >= 0 && !in_vfork_child() ? entry_get(fd) : NULL;
    if (e) {
        entry_forget(e);
        e->kind = KIND_EPOLL;
    }
    return fd;
}

EXPORT int epoll_create(int size) {
    return created(real()->epoll_create(size));
}

EXPORT int epoll_create1(int flags) {
    return created(real()->epoll_create1(flags));
}

static void nest(int fd, struct epoll *child, bool add) {
    struct epoll *ep = epoll_new(fd);
    for (int c = 0; ep && c < 8; c++)
        if (ep->children[c] == (add ? NULL : child)) {
            ep->children[c] = add ? child : NULL;
            return;
        }
}

static struct item *item_new(struct epoll *ep, struct entry *e) {
    struct item *i = calloc(1, sizeof *i);
    if (!i) return NULL;
    i->epoll = ep;
    i->entry = e;
    *place_of(ep, e->fd) = i;
    i->next_of_entry = e->items;
    e->items = i;
    ep->sockets++;
    return i;
}

static int control_engaged(struct epoll *ep, int operation, struct item *i, struct entry *e,
                           const struct epoll_event *event) {
    bool present = i && !i->absent;
    if (operation == EPOLL_CTL_ADD ? present : !present) {
        errno = present ? EEXIST : ENOENT;
        return -1;
    }
    if (operation == EPOLL_CTL_DEL) {
        unqueue(i);
        i->absent = true;
        return 0;
    }
    if (!i && !(i = item_new(ep, e))) {
        errno = ENOMEM;
        return -1;
    }
    i->wanted = *event;
    i->disabled = i->absent = false;
    if (!i->engaged) engage_item(i);
    queue(i);
    if (load(&ep->sleepers)) ring_bell(ep);
    return 0;
}

static int control_item(struct epoll *ep, int operation, struct entry *e, struct epoll_event *event) {
    int result;
    pthread_mutex_lock(&process_lock);
    struct item *i = *place_of(ep, e->fd);
    if (e->flow) flow_engage_locked(e->flow);
    if (e->flow && e->flow->engaged) {
        result = control_engaged(ep, operation, i, e, event);
    } else if ((result = real()->epoll_ctl(ep->fd, operation, e->fd, event)) == 0) {
        if (operation == EPOLL_CTL_DEL && i) item_remove(i);
        else if (operation != EPOLL_CTL_DEL && (i || (i = item_new(ep, e)))) i->wanted = *event;
    }
    pthread_mutex_unlock(&process_lock);
    return result;
}

EXPORT int epoll_ctl(int fd, int operation, int target, struct epoll_event *event) {
    struct entry *self = enabled ? entry_find(fd) : NULL;
    if (!self || self->kind != KIND_EPOLL) return real()->epoll_ctl(fd, operation, target, event);
    struct entry *e = entry_tcp(target);
    if (!e) {
        int result = real()->epoll_ctl(fd, operation, target, event);
        struct entry *other = entry_find(target);
        if (result == 0 && other && other->kind == KIND_EPOLL && operation != EPOLL_CTL_MOD) {
            struct epoll *child = epoll_new(target);
            if (child) nest(fd, child, operation == EPOLL_CTL_ADD);
        }
        return result;
    }
    struct epoll *ep = epoll_new(fd);
    if (!ep || (!event && operation != EPOLL_CTL_DEL)) return real()->epoll_ctl(fd, operation, target, event);
    return control_item(ep, operation, e, event);
}

/* Takes what is ready in memory, at most once round the queue. */
static int collect(struct epoll *ep, struct epoll_event *events, int max) {
    int n = 0;
    pthread_mutex_lock(&process_lock);
    dispatch_locked();
    struct item *last = ep->ready_last, *i;
    while (n < max && (i = ep->ready)) {
        bool is_last = i == last;
        unqueue(i);
        if (i->engaged && !i->disabled) {
            uint32_t wanted = i->wanted.events;
            uint32_t got = (uint32_t)flow_events(i->entry->fd, i->entry->flow, (int)(wanted & 0xffff));
            if (got) {
                events[n++] = (struct epoll_event){got, i->wanted.data};
                if (wanted & EPOLLONESHOT) i->disabled = true;
                else if (!(wanted & EPOLLET)) queue(i);
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
            silence_bell(ep);
        } else if (ep->waiter && fd == ep->waiter->fd) {
            if (waiter_drain(ep->waiter)) inner_add(ep, ep->waiter->fd, EPOLLIN);
        } else {
            pthread_mutex_lock(&process_lock);
            struct item *i = *place_of(ep, fd);
            if (i && i->engaged) {
                i->entry->flow->tcp_maybe = true;
                queue(i);
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
        unqueue(i);
    }
    return false;
}

void epoll_expose(struct epoll *ep) {
    for (int c = 0; c < 8; c++)
        if (ep->children[c]) epoll_settle(ep->children[c]);
    if (!ep->sockets) return;
    pthread_mutex_lock(&process_lock);
    inner_make(ep);
    waiter_ready(ep);
    if (ep->waiter) waiter_arm(ep->waiter);
    full_fence();
    dispatch_locked();
    for (int b = 0; b < BUCKETS; b++)
        for (struct item *i = ep->buckets[b]; i; i = i->next_in_bucket)
            if (i->entry->flow) flow_take_notices(i->entry->flow);
    bool ready = any_ready_locked(ep);
    pthread_mutex_unlock(&process_lock);
    if (ready) ring_bell(ep);
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
    for (int b = 0; b < BUCKETS; b++)
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
