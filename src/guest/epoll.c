/*
 * epoll for engaged flows. A program's epoll instance keeps its descriptors in the kernel, as the program put them
 * there, until a flow is engaged: then its item moves to an inner instance, edge-triggered, where the kernel only
 * tells that something happened on the TCP side, and the rest is answered from shared memory. The inner instance stands in the
 * program's own, and holds the waiter that vsockd wakes it by: so nested instances, poll and select see it too.
 */
#include "epoll.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

void item_queue(struct item *i) {
    if (i->queued || i->disabled || i->absent) return;
    struct epoll *ep = i->epoll;
    i->queued = true;
    i->next_ready = NULL;
    i->previous_ready = ep->ready_last;
    if (ep->ready_last) ep->ready_last->next_ready = i;
    else ep->ready = i;
    ep->ready_last = i;
}

void item_unqueue(struct item *i) {
    if (!i->queued) return;
    struct epoll *ep = i->epoll;
    if (i->previous_ready) i->previous_ready->next_ready = i->next_ready;
    else ep->ready = i->next_ready;
    if (i->next_ready) i->next_ready->previous_ready = i->previous_ready;
    else ep->ready_last = i->previous_ready;
    i->queued = false;
}

struct item **item_place(struct epoll *ep, int fd) {
    struct item **at = &ep->buckets[(unsigned)fd % EPOLL_BUCKETS];
    while (*at && (*at)->entry->fd != fd) at = &(*at)->next_in_bucket;
    return at;
}

int inner_add(struct epoll *ep, int fd, uint32_t events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    return real()->epoll_ctl(ep->inner, EPOLL_CTL_ADD, fd, &event);
}

void inner_make(struct epoll *ep) {
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

void inner_connect_waiter(struct epoll *ep) {
    if (!ep->waiter || ep->waiter->fd >= 0) return;
    if (waiter_connect(ep->waiter)) inner_add(ep, ep->waiter->fd, EPOLLIN);
}

void bell_ring(struct epoll *ep) {
    uint64_t one = 1;
    if (ep->bell < 0 || ep->bell_rung) return;
    ep->bell_rung = true;
    (void)!real()->write(ep->bell, &one, sizeof one);
}

void bell_silence(struct epoll *ep) {
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
    inner_add(ep, i->entry->fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    errno = saved;
    i->engaged = true;
    ep->engaged++;
    i->entry->flow->tcp_maybe = true;
    item_queue(i);
    if (load(&ep->sleepers)) bell_ring(ep);
}

void epoll_engage_entry(struct entry *e) {
    for (struct item *i = e->items; i; i = i->next_of_entry) engage_item(i);
}

void epoll_mark_flow(struct flow *f) {
    for (struct entry *e = f->entries; e; e = e->next_of_flow)
        for (struct item *i = e->items; i; i = i->next_of_entry) item_queue(i);
}

static void item_remove(struct item *i) {
    struct epoll *ep = i->epoll;
    item_unqueue(i);
    *item_place(ep, i->entry->fd) = i->next_in_bucket;
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
    for (int b = 0; b < EPOLL_BUCKETS; b++)
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

struct epoll *epoll_of(int fd) {
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
    *item_place(ep, e->fd) = i;
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
        item_unqueue(i);
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
    item_queue(i);
    if (load(&ep->sleepers)) bell_ring(ep);
    return 0;
}

static int control_item(struct epoll *ep, int operation, struct entry *e, struct epoll_event *event) {
    int result;
    pthread_mutex_lock(&process_lock);
    struct item *i = *item_place(ep, e->fd);
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
