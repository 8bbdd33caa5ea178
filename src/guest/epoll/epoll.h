/*
 * epoll for engaged flows, by the kernel's model: an interest list belongs to an open file description, whatever
 * descriptors and processes share that. The list itself stays in the kernel, as the program made it; only the items of
 * engaged flows are taken out and answered from shared memory.
 */
#ifndef VSOCKET_EPOLL_H
#define VSOCKET_EPOLL_H

#include "flow/flow.h"

#define EPOLL_BUCKETS 64
/* The data of the library's own event in a program's instance, in every process: it is never shown to a program. */
#define OWN_EVENT 0x9d5bf1c04e7a6238ull

struct item {
    struct item *next_of_entry;
    struct item *next_in_bucket;
    struct epoll *epoll;
    struct entry *entry;
    struct item *next_of_data; /* in `once`, where it is shown once */
    struct epoll_event wanted;
    bool engaged, disabled, queued;
    bool absent;       /* taken out by the program; kept, since some take out and put in for every request */
    bool out_of_list;  /* in a forked child: the parent's library had taken it out of the kernel's list */
    struct item *previous_ready, *next_ready;
};

struct nested {
    struct nested *next;
    struct epoll *child;
    int fd; /* under which it was put there */
    struct epoll_event wanted;
};

struct epoll {
    struct entry *entries; /* its descriptors, linked by next_of_connection */
    _Atomic int inner, bell; /* -1: none */
    _Atomic bool bell_rung;
    bool foreign; /* it came by fork, and this process has not used it yet */
    struct waiter *_Atomic waiter;
    uint32_t *used_by_several; /* in memory shared with forked processes; NULL: never forked */
    _Atomic uint32_t engaged;
    uint32_t turns;
    uint32_t sleepers; /* threads that the kernel holds for this instance now */
    struct item *buckets[EPOLL_BUCKETS];
    struct item *once[EPOLL_BUCKETS]; /* by their data: those that are shown once (shown.c) */
    uint32_t once_count;
    struct item *ready, *ready_last;
    struct nested *children; /* instances that this one watches */
};

/* ---- instance.c ---- */

struct epoll *epoll_of(int fd); /* NULL: it is none, or one of which nothing is known */
int epoll_descriptor(struct epoll *ep);
struct item **item_place(struct epoll *ep, int fd);
void item_queue(struct item *i);
void item_unqueue(struct item *i);
bool epoll_has_engaged(struct epoll *ep); /* or one nested in it */
/* Before a forked process uses an instance that it inherited. */
void epoll_take_over(struct epoll *ep);

void epoll_share_locked(struct epoll *ep, struct entry *copy);
void epoll_engage_connection_locked(struct connection *c);
void epoll_mark_connection_locked(struct connection *c);
void epoll_return_connection_locked(struct connection *c); /* its items are the kernel's again */
void epoll_leave_behind(struct entry *e); /* before it is closed: its items are the kernel's again */
void epoll_forget_items(struct entry *e);
void epoll_forget(struct entry *e);
/* The kernel may have shown an event of it once, and nobody here knows. */
bool epoll_shows_once(struct connection *c);
bool epoll_uses_shared(struct connection *c); /* an instance of it is used by several processes */
void epoll_before_fork_locked(void);
void epoll_after_fork(void);

/* ---- nested.c ---- */

void nesting_changed_locked(struct epoll *ep, int operation, int fd, const struct epoll_event *event);
void nesting_ends_locked(struct epoll *ep);
bool epoll_is_ready(struct epoll *ep); /* for the program, whatever the kernel has to tell the library */
/* An event of a nested instance that has nothing for the program. */
bool is_false_alarm(struct epoll *ep, const struct epoll_event *event);

/* ---- shown.c: what the kernel has shown once ---- */

void item_want(struct item *i, const struct epoll_event *event);
void item_want_nothing(struct item *i); /* before it goes */
void note_shown(struct epoll *ep, const struct epoll_event *events, int n);

/* ---- inner.c: what wakes a thread that the kernel holds for an instance ---- */

void inner_make(struct epoll *ep);
void inner_close(struct epoll *ep);
void inner_watch(struct epoll *ep, int fd, uint32_t events);
void inner_forget(struct epoll *ep, int fd);
void inner_connect_waiter(struct epoll *ep);
void inner_take_events(struct epoll *ep);
void bell_ring(struct epoll *ep);

/* ---- wait.c ---- */

/* Makes the kernel's view of an instance true that is watched by poll or by another instance. */
void epoll_settle(struct epoll *ep);

#endif
