/* The program's epoll instances: which descriptors of flows they watch, and where each of these is answered. */
#include "epoll.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define SHARED_BYTES 4096

static struct pool instances = {sizeof(struct epoll), NULL};
static struct pool items = {sizeof(struct item), NULL};

void item_queue(struct item *i) {
    if (i->queued || i->disabled || i->absent || !i->engaged) return;
    struct epoll *ep = i->epoll;
    i->queued = true;
    i->next_ready = NULL;
    i->previous_ready = ep->ready_last;
    if (ep->ready_last) ep->ready_last->next_ready = i;
    else store(&ep->ready, i);
    ep->ready_last = i;
}

void item_unqueue(struct item *i) {
    if (!i->queued) return;
    struct epoll *ep = i->epoll;
    if (i->previous_ready) i->previous_ready->next_ready = i->next_ready;
    else store(&ep->ready, i->next_ready);
    if (i->next_ready) i->next_ready->previous_ready = i->previous_ready;
    else ep->ready_last = i->previous_ready;
    i->queued = false;
}

struct item **item_place(struct epoll *ep, int fd) {
    struct item **at = &ep->buckets[(unsigned)fd % EPOLL_BUCKETS];
    while (*at && (*at)->entry->fd != fd) at = &(*at)->next_in_bucket;
    return at;
}

int epoll_descriptor(struct epoll *ep) {
    return ep->entries ? ep->entries->fd : -1;
}

static void epoll_new_locked(struct entry *e) {
    struct epoll *ep = pool_take(&instances);
    if (!ep) return;
    ep->inner = ep->bell = -1;
    epoll_share_locked(ep, e);
}

struct epoll *epoll_of(int fd) {
    struct entry *e = entry_find(fd);
    return e && e->kind == KIND_EPOLL ? load(&e->epoll) : NULL;
}

void epoll_share_locked(struct epoll *ep, struct entry *copy) {
    copy->next_of_connection = ep->entries;
    ep->entries = copy;
    store(&copy->epoll, ep);
}

bool epoll_has_engaged(struct epoll *ep) {
    if (ep->engaged) return true;
    for (struct nested *n = ep->children; n; n = n->next)
        if (epoll_has_engaged(n->child)) return true;
    return false;
}

static void engage_item(struct item *i) {
    struct epoll *ep = i->epoll;
    if (i->engaged || ep->foreign) return;
    KEEP_ERRNO;
    inner_make(ep);
    if (ep->inner < 0) return keep_on_tcp(i->entry->fd, i->entry->connection, REASON_NO_ROOM);
    kernel(SYS_epoll_ctl, epoll_descriptor(ep), EPOLL_CTL_DEL, i->entry->fd, NULL);
    inner_watch(ep, i->entry->fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    i->engaged = true;
    add_to(&ep->engaged, 1);
    i->entry->connection->flow->tcp_maybe = true;
    item_queue(i);
    if (load(&ep->sleepers)) bell_ring(ep);
}

void epoll_engage_connection_locked(struct connection *c) {
    for (struct entry *e = c ? c->entries : NULL; e; e = e->next_of_connection)
        for (struct item *i = e->items; i; i = i->next_of_entry) engage_item(i);
}

void epoll_mark_connection_locked(struct connection *c) {
    for (struct entry *e = c ? c->entries : NULL; e; e = e->next_of_connection)
        for (struct item *i = e->items; i; i = i->next_of_entry) item_queue(i);
}

static void item_remove(struct item *i) {
    struct epoll *ep = i->epoll;
    item_unqueue(i);
    item_want_nothing(i);
    *item_place(ep, i->entry->fd) = i->next_in_bucket;
    for (struct item **at = &i->entry->items; *at; at = &(*at)->next_of_entry)
        if (*at == i) {
            *at = i->next_of_entry;
            break;
        }
    if (i->engaged) {
        inner_forget(ep, i->entry->fd);
        add_to(&ep->engaged, -1);
    }
    pool_give(&items, i);
}

/* As the program put it there; a disabled one (EPOLLONESHOT) waits for its next EPOLL_CTL_MOD there, too. */
static void put_into_list(struct item *i) {
    struct epoll_event event = i->wanted;
    if (i->disabled) event.events = EPOLLONESHOT;
    KEEP_ERRNO;
    kernel(SYS_epoll_ctl, epoll_descriptor(i->epoll), EPOLL_CTL_ADD, i->entry->fd, &event);
}

static void return_item(struct item *i) {
    struct epoll *ep = i->epoll;
    if (!i->engaged) return;
    item_unqueue(i);
    inner_forget(ep, i->entry->fd);
    i->engaged = false;
    add_to(&ep->engaged, -1);
    if (!i->absent) put_into_list(i);
}

void epoll_return_connection_locked(struct connection *c) {
    for (struct entry *e = c ? c->entries : NULL; e; e = e->next_of_connection)
        for (struct item *i = e->items, *next; i; i = next) {
            next = i->next_of_entry;
            return_item(i);
            if (i->absent) item_remove(i);
        }
}

void epoll_leave_behind(struct entry *e) {
    pthread_mutex_lock(&process_lock);
    for (struct item *i = e->items; i; i = i->next_of_entry) return_item(i);
    pthread_mutex_unlock(&process_lock);
}

void epoll_forget_items(struct entry *e) {
    pthread_mutex_lock(&process_lock);
    while (e->items) item_remove(e->items);
    pthread_mutex_unlock(&process_lock);
}

static void instance_end(struct epoll *ep) {
    for (int b = 0; b < EPOLL_BUCKETS; b++)
        while (ep->buckets[b]) item_remove(ep->buckets[b]);
    nesting_ends_locked(ep);
    inner_close(ep);
    pool_give(&instances, ep);
}

void epoll_forget(struct entry *e) {
    struct epoll *ep = e->epoll;
    pthread_mutex_lock(&process_lock);
    for (struct entry **at = &ep->entries; *at; at = &(*at)->next_of_connection)
        if (*at == e) {
            *at = e->next_of_connection;
            break;
        }
    e->next_of_connection = NULL;
    store(&e->epoll, NULL);
    if (!ep->entries) instance_end(ep);
    pthread_mutex_unlock(&process_lock);
}

static bool is_shared(struct epoll *ep) {
    return ep->foreign || (ep->used_by_several && load(ep->used_by_several));
}

bool epoll_uses_shared(struct connection *c) {
    bool shared = false;
    pthread_mutex_lock(&process_lock);
    for (struct entry *e = c->entries; e; e = e->next_of_connection)
        for (struct item *i = e->items; i; i = i->next_of_entry)
            if (is_shared(i->epoll)) shared = true;
    pthread_mutex_unlock(&process_lock);
    return shared;
}

bool epoll_shows_once(struct connection *c) {
    for (struct entry *e = c ? c->entries : NULL; e; e = e->next_of_connection)
        for (struct item *i = e->items; i; i = i->next_of_entry)
            if (i->wanted.events & EPOLLONESHOT) return true;
    return false;
}

/* A word for each instance, in memory that the child will share: whether a child goes on with it. */
void epoll_before_fork_locked(void) {
    static uint32_t *words;
    static size_t used;
    struct entry *e;
    for (int cursor = 0; (e = entry_each(&cursor));) {
        struct epoll *ep = e->epoll;
        if (!ep || ep->used_by_several) continue;
        if (!words || used == SHARED_BYTES / sizeof *words) {
            void *page = mmap(NULL, SHARED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
            if (page == MAP_FAILED) return;
            words = page;
            used = 0;
        }
        ep->used_by_several = &words[used++];
    }
}

void epoll_after_fork(void) {
    struct entry *e;
    for (int cursor = 0; (e = entry_each(&cursor));) {
        struct epoll *ep = e->epoll;
        for (struct item *i = e->items; i; i = i->next_of_entry) {
            i->out_of_list |= i->engaged;
            i->engaged = i->queued = false;
        }
        if (!ep) continue;
        ep->foreign = true;
        ep->inner = ep->bell = -1;
        ep->waiter = NULL;
        ep->ready = ep->ready_last = NULL;
        ep->engaged = ep->sleepers = 0;
        ep->bell_rung = false;
    }
}

/* Only TCP can be watched by two processes at once: what is in the instance goes back there, and stays. */
static void take_over_item(struct item *i) {
    struct connection *c = i->entry->connection;
    if (!c) return;
    if (!c->flow && c->cookie && channel_ready()) flow_adopt(c);
    keep_on_tcp(i->entry->fd, c, REASON_SHARED_EPOLL);
    if (i->out_of_list && !i->absent) put_into_list(i); /* the parent may have done so, too */
    i->out_of_list = false;
    if (c->flow && c->flow->engaged && !c->flow->plain) engage_item(i); /* until what is in the ring was read */
}

void epoll_take_over(struct epoll *ep) {
    if (!ep->foreign) return;
    KEEP_ERRNO;
    pthread_mutex_lock(&process_lock);
    ep->foreign = false;
    if (ep->used_by_several) store(ep->used_by_several, 1);
    for (int b = 0; b < EPOLL_BUCKETS; b++)
        for (struct item *i = ep->buckets[b], *next; i; i = next) {
            next = i->next_in_bucket;
            take_over_item(i);
        }
    pthread_mutex_unlock(&process_lock);
}

static int created(int fd) {
    struct entry *e = enabled && fd >= 0 && !in_vfork_child() ? entry_get(fd) : NULL;
    if (e) {
        KEEP_ERRNO;
        entry_forget(e);
        pthread_mutex_lock(&process_lock);
        e->kind = KIND_EPOLL;
        epoll_new_locked(e);
        pthread_mutex_unlock(&process_lock);
    }
    return fd;
}

EXPORT int epoll_create(int size) {
    return created(real()->epoll_create(size));
}

EXPORT int epoll_create1(int flags) {
    return created(real()->epoll_create1(flags));
}

static struct item *item_new(struct epoll *ep, struct entry *e) {
    struct item *i = pool_take(&items);
    if (!i) return NULL;
    i->epoll = ep;
    i->entry = e;
    *item_place(ep, e->fd) = i;
    i->next_of_entry = e->items;
    e->items = i;
    return i;
}

static int control_engaged(struct epoll *ep, int operation, struct item *i, struct entry *e,
                           const struct epoll_event *event) {
    bool present = i && !i->absent;
    if (operation == EPOLL_CTL_ADD ? present : !present) {
        errno = present ? EEXIST : ENOENT;
        return -1;
    }
    if (operation == EPOLL_CTL_MOD && i->wanted.events & EPOLLEXCLUSIVE) {
        errno = EINVAL; /* as the kernel has it */
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
    item_want(i, event);
    i->absent = false;
    engage_item(i);
    item_queue(i);
    if (load(&ep->sleepers)) bell_ring(ep);
    return 0;
}

/* As fs/eventpoll.c of the kernel has it: EPOLLEXCLUSIVE_OK_BITS. */
#define WITH_EXCLUSIVE (EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)

/* What only the kernel can answer is asked of it: a wrong operation, a bad address, a pair of flags that it refuses. */
static bool is_simple(int operation, const struct epoll_event *event) {
    if (operation == EPOLL_CTL_DEL) return true;
    if (operation != EPOLL_CTL_ADD && operation != EPOLL_CTL_MOD) return false;
    if (!may_be_memory(event, sizeof *event)) return false;
    if (!(event->events & EPOLLEXCLUSIVE)) return true;
    return operation == EPOLL_CTL_ADD && !(event->events & ~(uint32_t)WITH_EXCLUSIVE);
}

static int control_item(struct epoll *ep, int fd, int operation, struct entry *e, struct epoll_event *event) {
    int result;
    pthread_mutex_lock(&process_lock);
    struct item *i = *item_place(ep, e->fd);
    struct flow *f = flow_in_use(e->connection);
    if (f) {
        result = control_engaged(ep, operation, i, e, event);
    } else if ((result = real()->epoll_ctl(fd, operation, e->fd, event)) == 0) {
        if (operation == EPOLL_CTL_DEL && i) item_remove(i);
        else if (operation != EPOLL_CTL_DEL && (i || (i = item_new(ep, e)))) item_want(i, event);
    }
    pthread_mutex_unlock(&process_lock);
    return result;
}

EXPORT int epoll_ctl(int fd, int operation, int target, struct epoll_event *event) {
    struct entry *self = entry_find(fd), *e = entry_find(target);
    if (!self || self->kind != KIND_EPOLL || !e || is_hidden(target)) return real()->epoll_ctl(fd, operation, target, event);
    if (e->kind == KIND_EPOLL) {
        int result = real()->epoll_ctl(fd, operation, target, event);
        pthread_mutex_lock(&process_lock);
        if (result == 0 && self->epoll) nesting_changed_locked(self->epoll, operation, target, event);
        pthread_mutex_unlock(&process_lock);
        return result;
    }
    if (!e->connection) return real()->epoll_ctl(fd, operation, target, event);
    if (!is_simple(operation, event)) return real()->epoll_ctl(fd, operation, target, event);
    if (operation != EPOLL_CTL_DEL && event->events & EPOLLEXCLUSIVE) keep_on_tcp(target, e->connection, REASON_CALL);
    struct epoll *ep = self->epoll;
    if (!ep) return real()->epoll_ctl(fd, operation, target, event);
    epoll_take_over(ep);
    /* Only in the kernel's list all who wait for it see what it is to tell. */
    if (operation != EPOLL_CTL_DEL && is_shared(ep)) keep_on_tcp(target, e->connection, REASON_SHARED_EPOLL);
    return control_item(ep, fd, operation, e, event);
}
