/*
 * What the library knows of each descriptor of the program, and of each socket that these mean; and its own descriptors,
 * out of the program's way.
 */
#ifndef VSOCKET_DESCRIPTORS_H
#define VSOCKET_DESCRIPTORS_H

#include "channel/reasons.h"
#include "platform/platform.h"

enum kind { KIND_UNKNOWN = 0, KIND_TCP, KIND_EPOLL, KIND_HIDDEN };

struct flow;
struct epoll;
struct item;
struct entry;

enum shut { SHUT_SENDING = 1, SHUT_READING = 2 };

/* A TCP socket, however many descriptors of this process mean it. */
struct connection {
    struct connection *next_free; /* in the pool */
    struct entry *entries;
    struct flow *_Atomic flow;
    _Atomic uint64_t cookie; /* 0: not known yet */
    uint64_t bytes;
    uint32_t calls;
    uint32_t sending;   /* threads that the kernel has in a send */
    uint32_t receiving; /* threads that the kernel has in a call that waits for bytes: no ring could wake them */
    uint32_t waiting;   /* calls that wait in here: they hold the socket, as the kernel's do */
    int kept;           /* the hidden descriptor by which they hold it when the program closed its own; 0: none */
    uint8_t direction;
    _Atomic uint8_t never; /* a reason: it stays on TCP */
    uint8_t shared; /* another process may have it: `holders` tells */
    uint8_t unsure; /* it came in a message: it may be no TCP socket at all */
    uint8_t shut;   /* `enum shut`: what shutdown() ended before it was claimed */
    uint8_t closed; /* its last descriptor is gone, but a thread is still in a call */
};

/* One descriptor of the program. */
struct entry {
    _Atomic uint8_t kind;
    int fd;
    struct connection *connection;
    struct entry *next_of_connection;
    struct item *items; /* the epoll instances that watch it */
    struct epoll *epoll;
};

extern pthread_mutex_t process_lock; /* guards the links between entries, connections, flows and epoll instances */
extern int own_pid;

struct entry *entry_find(int fd); /* NULL when there is none yet */
struct entry *entry_get(int fd);  /* made when there is none; NULL when fd is no descriptor */
void entry_forget(struct entry *e); /* the number will mean something else now */
void entry_copy(int from, int to);  /* after a dup */
struct entry *entry_each(int *cursor); /* all entries that exist; *cursor starts at 0 */
void entries_after_fork(void);
/* A vfork child runs in the parent's memory with descriptors of its own: it must not change the table. */
bool in_vfork_child(void);

uint64_t cookie_of(int fd); /* SO_COOKIE: names a socket in all processes that have it; 0 when there is none */
/* A new socket's; NULL where it is no business of the library's. */
struct connection *connection_new(int fd, int direction);
struct connection *connection_each(int *cursor);
/* Two objects for one socket become one: the descriptors of `from` join `to`. */
void connection_merge_locked(struct connection *from, struct connection *to);
/* Whether a descriptor of it would be open in a program that this process becomes. */
bool connection_is_inheritable(struct connection *c);
/* For the library's own calls; -1 when there is none any more. */
int connection_descriptor(struct connection *c);
void connection_end_call(struct connection *c, uint32_t *counter);
/* A call waits: until it ends the socket stays, though the program closes its last descriptor. */
void connection_hold(struct connection *c);
void connection_let_go(struct connection *c);
/* Before the last descriptor is closed: whether calls wait, which have one of their own now. */
bool connection_keep(struct connection *c, int fd);

static inline struct connection *connection_of(int fd) {
    struct entry *e = entry_find(fd);
    return e ? __atomic_load_n(&e->connection, __ATOMIC_ACQUIRE) : NULL;
}

int hide_descriptor(int fd); /* moves one of the library's own to a high number, close on exec */
bool is_hidden(int fd);
void unhide_close(int fd);
int next_hidden(unsigned first); /* the lowest hidden one >= first, or -1 */

/* ---- sockets that several processes have before they are claimed (holders.c) ---- */

/* Of the connections of this process that are not claimed; `by` is 1 or -1. */
void holders_add(struct connection *c, int by);
/* Whether this process alone has the socket: only then may it be claimed. */
bool holders_alone(struct connection *c);

/* ---- what the guest's owner does not want carried (exclude.c) ---- */

void exclusions_read(void);
bool is_excluded(int fd);

#endif
