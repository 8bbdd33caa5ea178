/* A flow: a connection that was claimed for shared memory. docs/guest.md tells of rings, slots and the ways between TCP and ring. */
#ifndef VSOCKET_FLOW_H
#define VSOCKET_FLOW_H

#include "channel/channel.h"
#include "descriptors.h"

/*
 * A flow from this process's side. Everything that matters about it is in its slot, in memory that all processes of the
 * VM share, found by the socket's cookie. A slot's object is used again, never freed: a late look at it is harmless.
 */
struct flow {
    uint32_t slot;
    struct vs_slot *header;
    uint8_t *tx, *rx;
    /* From here on of one connection after the other. */
    _Atomic uint32_t generation;
    struct connection *_Atomic connection;
    _Atomic bool engaged;   /* vsockd knows both ends */
    _Atomic bool plain;     /* back on TCP for good, with nothing left in a ring: the kernel's alone again */
    _Atomic bool tcp_maybe; /* the kernel may have something on the TCP side */
    _Atomic uint32_t empty_reads;
};

extern struct flow *flows_by_slot[VS_SLOTS];

/* ---- notes for the operator, and the claim (claim.c) ---- */

/* Leaves word that this connection was made with the library, so that the operator is not told otherwise. */
void note_connection(int fd, struct connection *c);
/* It stays on TCP from now on, or goes back there before the call that rings do not carry. */
void keep_on_tcp(int fd, struct connection *c, enum reason why);
/* The same, and what is unread the kernel shall have, too, if it can. */
void keep_whole(int fd, struct connection *c, enum reason why);
/* The same before somebody uses it who cannot read a ring: another program, the C library's streams. */
void keep_for_others(int fd, struct connection *c, enum reason why);
/* Counts a data call; claims a slot when the connection is worth it. NULL: the call is the kernel's. */
struct flow *flow_for_call(int fd, struct connection *c);
/* The same without counting. */
struct flow *flow_in_use(struct connection *c);
/* Another process of this VM may have claimed it: finds its slot by the cookie. */
bool flow_adopt(struct connection *c);
void flow_engage_locked(struct flow *f);
bool flow_is_reset(struct flow *f);
void flow_note_shut(struct connection *c); /* what shutdown() ended while the kernel alone had the socket */
bool flow_is_dead(struct flow *f);   /* reset, by vsockd or by TCP itself */
/* Dead for its reader: what the other end sent before a reset of TCP may still be on its way in the rings. */
bool flow_reads_no_more(struct flow *f);
int flow_take_error(struct flow *f); /* a dead flow's error, told once as the kernel does it; then 0 */
/* A connection's error, in errno, that is told but once. `is_told`: the program gets it now; else with its next call. */
void flow_note_error(struct flow *f, bool is_told);
/* Where the library cannot answer for a dead flow: the kernel may not know of a reset that vsockd told. */
void flow_ends_in_kernel(int fd, struct flow *f);
void flow_release(struct flow *f, int fd); /* before the last descriptor of this process is closed */
void flow_closed(uint32_t slot);           /* after it was closed: the object may mean another flow already */
void flow_take_notices(struct flow *f);    /* vsockd's notices for this flow come to this process */
bool flow_shared(struct flow *f);
/* After a sleep: another thread may have closed the call's descriptor, and not its copies. */
int flow_descriptor(struct flow *f, int fd);
/* A process closed it with bytes unread, which another one goes on to read. */
void flow_disarm_reset(int fd, struct flow *f);
/* Whoever reads here from now on knows of the ring: the other end may send there. */
void flow_reader_knows(struct flow *f);
/* By vsockd: a notice for this slot came. */
void flow_notice_locked(struct flow *f);

/* ---- back to TCP for good (leave.c) ---- */

enum unread { UNREAD_STAYS, UNREAD_COMES_AGAIN, UNREAD_MUST_COME };
/*
 * Before a call that rings do not carry exactly. Returns when the kernel alone has the sender's side, and of what the
 * other end sent all but what is in this end's ring; UNREAD_COMES_AGAIN: and that, too, where the other end's
 * library still can put it on TCP; UNREAD_MUST_COME: or else the flow is reset.
 */
void flow_leave(struct flow *f, enum reason why, enum unread unread);
/* Every flow of the process, before it locks itself in. */
void flow_leave_all(enum reason why);
void sandbox_begins(void);
/* Does what is due on a flow that is going back: owed bytes go on TCP. True when the kernel alone has it now. */
bool flow_progress(int fd, struct flow *f);
/* The same, and waits for a while that the kernel takes what is owed: before the end of the stream. */
void flow_pay(int fd, struct flow *f);
bool flow_owes(struct flow *f);
/*
 * Before connect() with AF_UNSPEC: what is in the rings is lost, and the kernel alone has the socket. It wakes whoever
 * sleeps on it, in other processes too, who must know by then.
 */
void flow_disconnects(int fd, struct flow *f);
void flow_disconnected(struct flow *f, bool is_over); /* after it */
/* The same as flow_progress(): true when the call is the kernel's since the connection was ended so. */
bool flow_is_disconnected(int fd, struct flow *f);
/* What another program will have goes back to TCP: by exec, by a program that is started, in a message. */
void flows_before_exec(void);
void flows_exec_failed(void);
void flows_before_spawn(void);
void flow_before_message(struct connection *c);

/* ---- what rings carry exactly (carried.c) ---- */

bool carries_receive_flags(int flags);
bool carries_send_flags(int flags);
bool carries_option(int level, int option, const void *value, socklen_t size);
/* Asks the kernel whether the socket is set as rings carry it. */
bool carries_socket(int fd);

/* ---- the TCP side and the rings (tcp.c, ring.c) ---- */

/* Newer than the C library's headers: linux/tcp.h. */
enum { TCP_OPTION_INQ = 36 };

/* As in the kernel's net/tcp_states.h. */
enum tcp_state {
    STATE_ESTABLISHED = 1,
    STATE_FIN_WAIT1 = 4,
    STATE_FIN_WAIT2 = 5,
    STATE_TIME_WAIT = 6,
    STATE_CLOSE = 7,
    STATE_CLOSE_WAIT = 8,
    STATE_LAST_ACK = 9,
    STATE_CLOSING = 11
};
struct tcp_counts {
    uint8_t state;
    uint64_t received, written;
};
bool tcp_counts(int fd, struct tcp_counts *out);

enum tcp_side { TCP_NOTHING, TCP_DATA, TCP_FAILED };
/* Looks what the TCP side of an engaged flow has for the reader; notes its end. The caller holds rx_lock. */
enum tcp_side tcp_look(int fd, struct flow *f);
/* Whether all of TCP that comes before the ring was read; then the ring is next. The caller holds rx_lock. */
bool tcp_is_read_to_ring(int fd, struct vs_slot *h);
/* Before a byte that was sent with MSG_OOB: no call reads on beyond it. */
bool tcp_at_mark(int fd);
/* What poll says now of the kernel's socket: of these, and of errors and its end. */
int tcp_events(int fd, short wanted);
/* An error that the kernel has for whoever calls next; the look leaves it there. */
bool tcp_has_error(int fd);
bool tcp_has_only_error(int fd); /* and no bytes before it */
/* After its end the TCP side can only break: a reset. */
bool tcp_broke(int fd, struct flow *f);
/* Takes from TCP what comes before the ring: as recvmsg with MSG_DONTWAIT; -1 with EAGAIN also when the ring comes next. */
ssize_t tcp_receive_before_ring(int fd, struct flow *f, const struct iovec *iov, int count, size_t skip, int flags);

/* The same for a look (MSG_PEEK) that goes on beyond what the one way has; 0: the other has nothing, or not yet. */
ssize_t ring_peek_after_tcp(int fd, struct flow *f, size_t from_tcp, const struct iovec *iov, int count, size_t skip, int flags);
ssize_t tcp_peek_after_ring(int fd, struct flow *f, size_t from_ring, const struct iovec *iov, int count, size_t skip, int flags);

/* The part of the vector that is left after `skip` bytes, at most `limit` bytes; `out` has room for as many pieces. */
int rest_of(const struct iovec *iov, int count, size_t skip, size_t limit, struct iovec *out);

void slot_lock(shared_word *lock);
void slot_unlock(shared_word *lock);
uint32_t rx_available(struct flow *f);
bool rx_has_unread(struct flow *f); /* the ring, or will have: it comes before what TCP has from now on */
/* Whether there is as much to read as SO_RCVLOWAT asks for, or nothing more will come here. */
bool rx_enough(struct flow *f);
uint32_t tx_free(struct flow *f);
bool rx_at_end(struct flow *f);
/* -1 with EFAULT when the program's memory cannot be its memory and nothing was moved. */
ssize_t ring_take(struct flow *f, const struct iovec *iov, int count, size_t skip, int flags);
ssize_t ring_put(struct flow *f, const struct iovec *iov, int count, size_t skip);
/* Where the other end's sender went back to TCP, the reader does too; so does a sender that vsockd asks to. */
void rx_leave_ring_locked(struct flow *f);
void rx_leave_ring(struct flow *f);
void tx_leave_ring_locked(struct flow *f);
void tx_stop_locked(struct flow *f);
void ring_want_space(struct flow *f);

/* Each direction is on TCP or in the ring; its sender says where one ends and the other goes on. */
static inline bool tx_on_ring(struct vs_slot *h) {
    return load(&h->tx_starts) != load(&h->tx_stops);
}
/* vsockd has no path for the ring's bytes any more, or no use for the ring: the sender goes back to TCP. */
static inline bool tx_must_leave(struct vs_slot *h) {
    return !load(&h->tx_allowed) && tx_on_ring(h);
}
/* vsockd takes nothing more from the ring: what is in it must go by TCP. */
static inline bool tx_frozen(struct vs_slot *h) {
    return load(&h->tx_gate) == GATE_FROZEN;
}
/* Off the ring, but the other end's reader was not told where it stops: it would read TCP too soon. vsockd tells it at once. */
static inline bool tx_between(struct vs_slot *h) {
    return !tx_on_ring(h) && load(&h->tx_stops) != load(&h->tx_stops_told) && !load(&h->left);
}
/* The other end's reader is not past the last stop yet: what is put into the ring now it would take for what was before it. */
static inline bool tx_awaits_reader(struct vs_slot *h) {
    return load(&h->tx_stops) != load(&h->tx_stops_taken);
}
/* The other end's sender went over to the ring, and the reader does not know yet. */
static inline bool rx_start_told(struct vs_slot *h) {
    return load(&h->rx_starts) != h->rx_starts_taken;
}
/* The other end's sender went back to TCP, and the reader is not there yet. */
static inline bool rx_stop_told(struct vs_slot *h) {
    return load(&h->rx_stops) != h->rx_stops_taken;
}
/* The reader is where the other end's sender went back to TCP. */
static inline bool rx_at_stop(struct vs_slot *h) {
    return rx_stop_told(h) && h->rx_stop_position == h->rx_tail;
}

/* ---- data calls on a flow (receive.c, send.c) ---- */

/* read() and its kin return at once when nothing is asked for; recv() does not. */
enum receive_kind { AS_READ, AS_RECV };
ssize_t flow_receive(int fd, struct flow *f, const struct iovec *iov, int count, int flags, enum receive_kind kind);
ssize_t flow_send(int fd, struct flow *f, const struct iovec *iov, int count, int flags);
/* Before a call waits: from then to its end it holds the socket. */
void hold_for_call(struct flow *f, struct connection **held);
/* Whether a call may sleep: asked once, when it would; O_NONBLOCK that comes later is not for it. */
enum patience { NOT_ASKED, RETURNS_AT_ONCE, WAITS };
bool may_wait(int fd, int flags, enum patience *patience);
/* The sum of the lengths; -1 with errno where the kernel refuses the vector. */
ssize_t vector_length(const struct iovec *iov, int count);

/* ---- readiness (readiness.c) ---- */

/* Poll events of an engaged flow. Asks vsockd for word when `want` has POLLOUT and there is no room. */
int flow_events(int fd, struct flow *f, int want);
void dispatch_locked(void); /* takes vsockd's notices and marks the items they concern */

#endif
