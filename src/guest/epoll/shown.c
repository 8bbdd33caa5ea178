/*
 * EPOLLONESHOT: what the kernel has shown of a descriptor it does not show again before EPOLL_CTL_MOD, and neither may the
 * library when the flow is engaged in between. The kernel does not tell which descriptor an event is of, so items are found
 * by their data; where several have the same, nobody could tell, and the event may come twice.
 */
#include "epoll.h"

static struct item **bucket_of(struct epoll *ep, uint64_t data) {
    return &ep->once[(data ^ data >> 16 ^ data >> 32) % EPOLL_BUCKETS];
}

static void forget(struct item *i) {
    for (struct item **at = bucket_of(i->epoll, i->wanted.data.u64); *at; at = &(*at)->next_of_data)
        if (*at == i) {
            *at = i->next_of_data;
            i->epoll->once_count--;
            return;
        }
}

void item_want(struct item *i, const struct epoll_event *event) {
    if (i->wanted.events & EPOLLONESHOT) forget(i);
    i->wanted = *event;
    i->disabled = false;
    if (!(event->events & EPOLLONESHOT)) return;
    struct item **bucket = bucket_of(i->epoll, event->data.u64);
    i->next_of_data = *bucket;
    *bucket = i;
    i->epoll->once_count++;
}

void item_want_nothing(struct item *i) {
    item_want(i, &(struct epoll_event){0});
}

static struct item *only_one_with(struct epoll *ep, uint64_t data) {
    struct item *found = NULL;
    for (struct item *i = *bucket_of(ep, data); i; i = i->next_of_data) {
        if (i->wanted.data.u64 != data || i->engaged || i->disabled) continue;
        if (found) return NULL;
        found = i;
    }
    return found;
}

void note_shown(struct epoll *ep, const struct epoll_event *events, int n) {
    if (n <= 0 || !load(&ep->once_count)) return;
    pthread_mutex_lock(&process_lock);
    for (int k = 0; k < n; k++) {
        struct item *i = only_one_with(ep, events[k].data.u64);
        if (i) i->disabled = true;
    }
    pthread_mutex_unlock(&process_lock);
}
