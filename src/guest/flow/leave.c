/*
 * Back to TCP for good, before a call that rings do not carry exactly. Who asks stops sending in its ring and waits for
 * vsockd, which freezes the other end's ring where it stands and tells each end where the other goes on by TCP. What the
 * other end had in its ring beyond that, it owes: its library puts it on TCP before anything else. Nobody waits for a
 * program.
 */
#include "flow.h"

#include "epoll/epoll.h"
#include "wait/wait.h"

#include <sched.h>

#define HOST_PATIENCE_NS (5 * NS_PER_SECOND) /* a vsockd that was killed is back by then */
#define PAYMENT_PATIENCE_NS (2 * NS_PER_SECOND)
#define YIELDS_BEFORE_SLEEP 2000
#define NAP_NS (200 * NS_PER_MICROSECOND)

bool flow_owes(struct flow *f) {
    return tx_frozen(f->header) && tx_on_ring(f->header);
}

static void is_paid(struct vs_slot *h) {
    h->tx_owing = 0;
    swap(&h->tx_stops, h->tx_starts);
}

/* What is in a ring cannot come to who reads from now on: that one shall see a reset, and not the end of the stream. */
static void give_up(int fd, struct flow *f) {
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    kernel(SYS_connect, fd, &nowhere, sizeof nowhere);
    f->header->fault = REASON_HANDED_ON;
    full_fence();
    doorbell(f->slot);
}

static void pay_locked(int fd, struct flow *f) {
    struct vs_slot *h = f->header;
    if (!flow_owes(f) || !load(&h->left)) return; /* before that the other end would not know where it comes from */
    if (!h->tx_owing) {
        h->tx_owed_from = load(&h->tx_freeze_position);
        h->tx_owing = 1;
    }
    uint32_t owed;
    while ((owed = h->tx_head - h->tx_owed_from) > 0) {
        if (owed > VS_RING_BYTES) return give_up(fd, f); /* it was written over */
        uint32_t offset = h->tx_owed_from % VS_RING_BYTES, first = VS_RING_BYTES - offset;
        if (first > owed) first = owed;
        ssize_t n = kernel(SYS_sendto, fd, f->tx + offset, first, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) {
            store(&f->header->error, (uint32_t)errno); /* there is nobody left to pay */
            break;
        }
        h->tx_owed_from += (uint32_t)n;
    }
    is_paid(h);
}

static void pay(int fd, struct flow *f) {
    KEEP_ERRNO;
    slot_lock(&f->header->tx_lock);
    pay_locked(fd, f);
    slot_unlock(&f->header->tx_lock);
}

/* Whether nothing more is to be read from the ring, now or later; the same for both directions. */
static bool rx_settled(struct flow *f) {
    struct vs_slot *h = f->header;
    return h->rx_on_ring ? rx_at_end(f) : !rx_start_told(h) && !rx_stop_told(h);
}

static bool is_settled(struct flow *f) {
    struct vs_slot *h = f->header;
    return load(&h->left) && !load(&f->header->error) && (!tx_on_ring(h) || h->tx_shut) && rx_settled(f);
}

static void become_plain(struct flow *f) {
    pthread_mutex_lock(&process_lock);
    f->plain = true;
    epoll_return_connection_locked(f->connection);
    pthread_mutex_unlock(&process_lock);
}

void flow_disconnects(int fd, struct flow *f) {
    /* Of a connection that is over connect() makes nothing; of one that it ends itself, a reset. */
    if (flow_is_dead(f) && (load(&f->header->reset_told) || load(&f->header->rx_final))) flow_ends_in_kernel(fd, f);
    store(&f->header->disconnected, 1u);
}

void flow_disconnected(struct flow *f, bool is_over) {
    if (!is_over) store(&f->header->disconnected, 0u);
    else if (!f->plain) become_plain(f);
}

bool flow_is_disconnected(int fd, struct flow *f) {
    return flow_progress(fd, f) && load(&f->header->disconnected);
}

bool flow_progress(int fd, struct flow *f) {
    struct vs_slot *h = f->header;
    if (__builtin_expect(!load(&h->left), 1)) return false;
    if (f->plain) return true;
    if (flow_owes(f)) pay(fd, f);
    if (rx_at_stop(h)) rx_leave_ring(f);
    if (!load(&h->disconnected) && !is_settled(f)) return false;
    become_plain(f);
    return true;
}

void flow_pay(int fd, struct flow *f) {
    if (!flow_owes(f)) return;
    KEEP_ERRNO;
    for (uint64_t end = now_ns() + PAYMENT_PATIENCE_NS; flow_owes(f) && now_ns() < end;) {
        pay(fd, f);
        struct pollfd wait = {fd, POLLOUT, 0};
        if (flow_owes(f)) kernel(SYS_poll, &wait, 1, 100);
    }
}

static void await_host(struct flow *f) {
    struct vs_slot *h = f->header;
    uint64_t end = now_ns() + HOST_PATIENCE_NS;
    for (uint32_t tries = 0; !(load(&h->left) && load(&h->host_generation) == f->generation) && !flow_is_dead(f); tries++) {
        if (tries < YIELDS_BEFORE_SLEEP) {
            sched_yield();
            continue;
        }
        struct timespec nap = {0, NAP_NS};
        kernel(SYS_nanosleep, &nap, NULL);
        if (tries % 64 == 0) doorbell(f->slot);
        if (now_ns() > end) store(&f->header->error, (uint32_t)ECONNRESET); /* what is in the rings cannot be told apart any more */
    }
}

void flow_leave(struct flow *f, enum reason why, enum unread unread) {
    if (f->plain) return;
    KEEP_ERRNO;
    struct vs_slot *h = f->header;
    slot_lock(&h->tx_lock);
    if (unread != UNREAD_STAYS) {
        slot_lock(&h->rx_lock);
        if (!load(&h->leave_reason)) store(&h->leave_from_tail, 1u);
        slot_unlock(&h->rx_lock);
    }
    tx_stop_locked(f);
    replace(&h->leave_reason, 0, (uint32_t)why);
    full_fence();
    bool used = load(&h->tx_starts) > 0 || load(&h->rx_ready);
    slot_unlock(&h->tx_lock);
    doorbell(f->slot);
    int fd = f->connection ? connection_descriptor(f->connection) : -1;
    if (fd >= 0) flow_disarm_reset(fd, f);
    if (!used) return become_plain(f); /* nobody ever sends in a ring that no reader knows */
    await_host(f);
    if (fd >= 0 && !flow_progress(fd, f) && unread == UNREAD_MUST_COME && rx_has_unread(f)) give_up(fd, f);
}

void flow_leave_all(enum reason why) {
    int cursor = 0;
    struct connection *c;
    while ((c = connection_each(&cursor)))
        if (c->flow) flow_leave(c->flow, why, UNREAD_COMES_AGAIN); /* a sandbox may allow read() alone */
}

/* The next program knows nothing of rings. */
static void hand_on(struct connection *c, bool copied) {
    if (c->flow) flow_leave(c->flow, REASON_HANDED_ON, UNREAD_MUST_COME);
    else if (copied) holders_add(c, 1);
}

void flows_before_exec(void) {
    int cursor = 0;
    struct connection *c;
    bool parents_memory = in_vfork_child();
    while (enabled && (c = connection_each(&cursor))) {
        if (connection_is_inheritable(c)) hand_on(c, parents_memory);
        else if (!parents_memory && !c->flow && c->shared) holders_add(c, -1);
    }
}

void flows_before_spawn(void) {
    int cursor = 0;
    struct connection *c;
    while (enabled && (c = connection_each(&cursor)))
        if (connection_is_inheritable(c)) hand_on(c, true);
}

void flow_before_message(struct connection *c) {
    hand_on(c, true);
}

void flows_exec_failed(void) {
    int cursor = 0;
    struct connection *c;
    KEEP_ERRNO;
    while (enabled && !in_vfork_child() && (c = connection_each(&cursor)))
        if (!c->flow && c->shared && !connection_is_inheritable(c)) holders_add(c, 1);
}
