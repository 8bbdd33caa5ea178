/* What the two halves of epoll share: the instances with their items (epoll.c), and waiting on them (epoll-wait.c). */
#ifndef VSOCKET_EPOLL_H
#define VSOCKET_EPOLL_H

#include "internal.h"

#define EPOLL_BUCKETS 64

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
    struct item *buckets[EPOLL_BUCKETS];
    struct item *ready, *ready_last;
    struct epoll *children[8]; /* nested instances that this one watches */
};

void item_queue(struct item *i);
void item_unqueue(struct item *i);
struct item **item_place(struct epoll *ep, int fd);
int inner_add(struct epoll *ep, int fd, uint32_t events);
void inner_make(struct epoll *ep);
void inner_connect_waiter(struct epoll *ep);
void bell_ring(struct epoll *ep);
void bell_silence(struct epoll *ep);
struct epoll *epoll_of(int fd);

#endif
