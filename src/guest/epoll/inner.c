/*
 * The inner instance stands in the program's own. It holds the sockets of engaged flows, edge-triggered, where the kernel
 * only tells that something happened on the TCP side; the waiter that vsockd wakes it by; and a bell for other threads.
 * So whoever waits on the program's instance, or on one around it, is woken.
 */
#include "epoll.h"

#include <sys/eventfd.h>

#define EVENTS_AT_ONCE 64

void inner_watch(struct epoll *ep, int fd, uint32_t events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    kernel(SYS_epoll_ctl, ep->inner, EPOLL_CTL_ADD, fd, &event);
}

void inner_forget(struct epoll *ep, int fd) {
    KEEP_ERRNO;
    kernel(SYS_epoll_ctl, ep->inner, EPOLL_CTL_DEL, fd, NULL);
}

/* Others look at `inner` without a lock, and then at the rest: it comes last, and goes first. */
void inner_make(struct epoll *ep) {
    if (ep->inner >= 0) return;
    KEEP_ERRNO;
    int inner = hide_descriptor((int)kernel(SYS_epoll_create1, EPOLL_CLOEXEC));
    ep->bell = hide_descriptor((int)kernel(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK));
    ep->waiter = waiter_new();
    ep->inner = inner;
    if (inner < 0 || ep->bell < 0 || !ep->waiter) return inner_close(ep);
    inner_watch(ep, ep->bell, EPOLLIN);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = OWN_EVENT};
    kernel(SYS_epoll_ctl, epoll_descriptor(ep), EPOLL_CTL_ADD, inner, &event);
}

void inner_close(struct epoll *ep) {
    int inner = swap(&ep->inner, -1), bell = swap(&ep->bell, -1);
    struct waiter *waiter = swap(&ep->waiter, NULL);
    if (inner >= 0) unhide_close(inner);
    if (bell >= 0) unhide_close(bell);
    if (waiter) waiter_free(waiter);
}

void inner_connect_waiter(struct epoll *ep) {
    if (ep->waiter && ep->waiter->fd < 0 && waiter_connect(ep->waiter)) inner_watch(ep, ep->waiter->fd, EPOLLIN);
}

void bell_ring(struct epoll *ep) {
    uint64_t one = 1;
    KEEP_ERRNO;
    if (ep->bell < 0 || swap(&ep->bell_rung, true)) return;
    kernel(SYS_write, ep->bell, &one, sizeof one);
}

/* In this order: whoever still finds it rung has put before that what is looked for after this. */
static void bell_silence(struct epoll *ep) {
    uint64_t count;
    kernel(SYS_read, ep->bell, &count, sizeof count);
    store(&ep->bell_rung, false);
}

static void socket_event(struct epoll *ep, int fd) {
    pthread_mutex_lock(&process_lock);
    struct item *i = *item_place(ep, fd);
    struct flow *f = i && i->engaged && i->entry->connection ? i->entry->connection->flow : NULL;
    if (f) {
        f->tcp_maybe = true;
        item_queue(i);
    }
    pthread_mutex_unlock(&process_lock);
}

void inner_take_events(struct epoll *ep) {
    struct epoll_event events[EVENTS_AT_ONCE];
    KEEP_ERRNO;
    if (ep->inner < 0) return;
    long n = kernel(SYS_epoll_wait, ep->inner, events, EVENTS_AT_ONCE, 0);
    for (long k = 0; k < n; k++) {
        int fd = events[k].data.fd;
        if (fd == ep->bell) {
            bell_silence(ep);
        } else if (ep->waiter && fd == ep->waiter->fd) {
            if (waiter_drain(ep->waiter)) inner_watch(ep, ep->waiter->fd, EPOLLIN);
        } else {
            socket_event(ep, fd);
        }
    }
}
