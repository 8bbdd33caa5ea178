/* What the parts of the library know of each other. */
#ifndef VSOCKET_INTERNAL_H
#define VSOCKET_INTERNAL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "real.h"
#include "region.h"

#define load(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define store(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define swap(p, v) __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define set_bits(p, v) __atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST)
#define clear_bits(p, v) __atomic_fetch_and((p), ~(v), __ATOMIC_SEQ_CST)
#define full_fence() __atomic_thread_fence(__ATOMIC_SEQ_CST)

/* ---- descriptors (descriptors.c) ---- */

enum kind { KIND_UNKNOWN = 0, KIND_OTHER, KIND_TCP, KIND_EPOLL };

/* One descriptor of the program. */
struct entry {
    uint8_t kind;
    uint8_t direction;
    uint8_t not_carried; /* the program uses it in a way that only TCP carries */
    int fd;
    uint32_t calls;
    uint64_t bytes;
    uint32_t sending; /* threads that are in a send over TCP now */
    struct flow *flow;
    struct entry *next_of_flow;
    struct item *items; /* the epoll instances that watch it */
    struct epoll *epoll;
};

extern pthread_mutex_t process_lock; /* guards entries' links, epoll instances and dispatch */
extern int own_pid;
extern bool enabled;

struct entry *entry_find(int fd);        /* NULL when there is none yet */
struct entry *entry_get(int fd);         /* made when there is none; NULL when fd is no descriptor */
struct entry *entry_tcp(int fd);         /* NULL unless a TCP connection's socket; looks at unknown ones */
void entry_forget(struct entry *e);      /* the number will mean something else now */
void entry_copy(int from, int to);       /* after a dup */
void entries_forget_range(unsigned first, unsigned last);
bool in_vfork_child(void);
int hide_descriptor(int fd);             /* moves one of the library's own to a high number, close on exec */
bool is_hidden(int fd);
void unhide_close(int fd);
int next_hidden(unsigned first);         /* the lowest hidden one >= first, or -1 */
void entries_after_fork(void);
struct entry *entry_each(int *cursor);   /* all entries that exist; *cursor starts at 0 */

/* ---- the channel to vsockd (channel.c) ---- */

extern struct vs_region *shared_region; /* NULL until mapped */
extern uint32_t process_index;          /* VS_PROCESSES: none */

bool channel_configured(void); /* the environment names a channel */
bool channel_map(void);     /* the region is mapped (asks vsockd for it when not) */
bool channel_ready(void);   /* mapped, and this process is known to vsockd */
void channel_after_fork(void);
void doorbell(uint32_t slot);
struct vs_process *own_process(void);

/* A connection on which vsockd wakes one sleeper: a thread or an epoll instance. */
struct waiter {
    int fd; /* -1: not connected */
    uint32_t index;
    uint64_t retry_at_ns;
};
struct waiter *waiter_new(void);
void waiter_free(struct waiter *w);
struct waiter *waiter_of_thread(void);
bool waiter_connect(struct waiter *w);
void waiter_arm(struct waiter *w);
void waiter_disarm(struct waiter *w);
/* Takes the bytes from it; when vsockd went away, connects again if that can be: true when it is a new connection. */
bool waiter_drain(struct waiter *w);

/* ---- flows (flow.c) ---- */

struct flow {
    uint32_t slot, generation;
    struct vs_slot *header;
    uint8_t *tx, *rx;
    struct entry *entries; /* descriptors of this process that mean it */
    bool engaged;          /* vsockd laid the rings */
    bool tcp_maybe;        /* the kernel may have something on the TCP side */
    bool start_seen;       /* the last look at the TCP side knew where the ring begins */
    int error;             /* an error that a look at the TCP side took from the kernel */
    uint32_t empty_reads;
};

extern struct flow *flows_by_slot[VS_SLOTS];

enum note { NOTE_SHORT = 0, NOTE_NO_ROOM = 1, NOTE_NOT_CARRIED = 2 };
void note_connection(int fd, struct entry *e, int direction);
/* For the operator: why this connection stays on TCP. */
void note_reason(uint64_t cookie, enum note reason);
/* The program did with it what only TCP carries: it is never claimed. */
void flow_never(int fd, struct entry *e);
/* Counts a data call; claims a slot when the connection is worth it; engages when vsockd is ready. */
struct flow *flow_for_call(int fd, struct entry *e);
bool flow_adopt(int fd, struct entry *e); /* another process of this VM claimed it */
void flow_engage_locked(struct flow *f);
bool flow_is_reset(struct flow *f);
bool flow_is_dead(struct flow *f); /* reset, by vsockd or by TCP itself */
int flow_take_error(struct flow *f); /* a dead flow's error, told once as the kernel does it; then 0 */
void flow_release(struct flow *f, struct entry *e, int fd); /* before the descriptor is closed */
void flow_closed(struct flow *f);                           /* after it was closed */
void flow_take_notices(struct flow *f); /* vsockd's notices for this flow come to this process */
bool flow_shared(struct flow *f);

/* ---- the TCP side and the rings (tcp.c, ring.c) ---- */

struct tcp_counts {
    uint8_t state;
    uint64_t received, written;
};
bool tcp_counts(int fd, struct tcp_counts *out);

enum tcp_side { TCP_NOTHING, TCP_DATA, TCP_FAILED };
/* Looks what the TCP side of an engaged flow has for the reader; notes its end. */
enum tcp_side tcp_look(int fd, struct flow *f);

void slot_lock(uint32_t *lock);
void slot_unlock(uint32_t *lock);
uint32_t rx_available(struct flow *f);
uint32_t tx_free(struct flow *f);
bool rx_at_end(struct flow *f);
size_t ring_take(struct flow *f, const struct iovec *iov, int count, size_t skip, bool peek);
size_t ring_put(struct flow *f, const struct iovec *iov, int count, size_t skip);
/* Where the other end's sender went back to TCP, the reader does too; so does a sender that vsockd asks to. */
void rx_leave_ring_locked(struct flow *f);
void rx_leave_ring(struct flow *f);
void tx_leave_ring_locked(struct flow *f);
void ring_want_space(struct flow *f);

/* Each direction is on TCP or in the ring; its sender says where one ends and the other goes on. */
static inline bool tx_on_ring(struct vs_slot *h) {
    return load(&h->tx_starts) != load(&h->tx_stops);
}
/* vsockd has no path for the ring's bytes any more: the sender goes back to TCP. */
static inline bool tx_must_leave(struct vs_slot *h) {
    return !load(&h->tx_allowed) && tx_on_ring(h);
}
/* Off the ring, but the other end's reader may still be before the ring: it would read TCP too soon. */
static inline bool tx_between(struct vs_slot *h) {
    return !tx_on_ring(h) && load(&h->tx_stops) != load(&h->tx_stops_taken);
}
/* The other end's sender went over to the ring, and the reader does not know yet. */
static inline bool rx_start_told(struct vs_slot *h) {
    return load(&h->rx_starts) != h->rx_starts_taken;
}
/* The reader is where the other end's sender went back to TCP. */
static inline bool rx_at_stop(struct vs_slot *h) {
    return load(&h->rx_stops) != h->rx_stops_taken && h->rx_stop_position == h->rx_tail;
}

/* ---- data calls (transfer.c) ---- */

ssize_t transfer_receive(int fd, struct entry *e, const struct iovec *iov, int count, int flags);
ssize_t transfer_send(int fd, struct entry *e, const struct iovec *iov, int count, int flags);
bool is_nonblocking(int fd, int flags);

/* ---- waiting (wait.c) ---- */

uint64_t now_ns(void);
#define NO_DEADLINE UINT64_MAX
/* What is waited for; true ends the wait. */
typedef bool (*condition)(void *);
/* Spins with sched_yield for as long as that has paid lately. */
bool spin_until(condition ready, void *of);
/* Told after a sleep how long it was: short sleeps should have been spins. */
void spin_learn(uint64_t slept_ns);
struct timespec *timeout_until(uint64_t deadline_ns, uint64_t cap_ns, struct timespec *out);
/* EINTR is the program's to see unless all its handlers restart calls. */
bool signals_restart(void);
/* 1: look again; -1 with errno. Timeouts by SO_RCVTIMEO or SO_SNDTIMEO give EAGAIN. */
int wait_for_flow(int fd, struct flow *f, bool to_read, uint64_t deadline_ns, bool has_timeout);
/* The same for a connection that no flow is known for yet; another thread may claim it meanwhile. */
int wait_for_claim(int fd, struct entry *e, uint32_t turn, uint64_t deadline_ns, bool has_timeout);
uint64_t socket_deadline(int fd, int option, bool *has_timeout);

/* ---- readiness (readiness.c, epoll.c) ---- */

/* Poll events of an engaged flow. Asks vsockd for word when `want` has POLLOUT and there is no room. */
int flow_events(int fd, struct flow *f, int want);
void dispatch_locked(void); /* takes vsockd's notices and marks the items they concern */

void epoll_engage_entry(struct entry *e);
void epoll_mark_flow(struct flow *f);
void epoll_forget_items(struct entry *e);
void epoll_forget(struct entry *e);
void epoll_after_fork(void);
bool epoll_has_sockets(struct epoll *ep);
/* Makes the kernel's view of an epoll instance true, so that a kernel call may wait on it. */
void epoll_expose(struct epoll *ep);
/* The same for one that is not waited on itself, but watched by poll or by another instance. */
void epoll_settle(struct epoll *ep);

bool threads_exist(void);

#endif
