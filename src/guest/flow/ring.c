/* One flow's two rings in shared memory. The caller holds the lock of the direction. */
#include "flow.h"

#include <sched.h>
#include <signal.h>
#include <unistd.h>

#define TRIES_BEFORE_LOOK 1024

/* The lock is the holder's thread id; one whose holder was killed is taken over. */
void slot_lock(shared_word *lock) {
    static __thread uint32_t self;
    static __thread int self_pid;
    if (__builtin_expect(self == 0 || self_pid != own_pid, 0)) {
        self = (uint32_t)gettid();
        self_pid = own_pid;
    }
    for (uint32_t tries = 1;; tries++) {
        uint32_t holder = 0;
        if (__atomic_compare_exchange_n(lock, &holder, self, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return;
        if (tries % TRIES_BEFORE_LOOK == 0 && kill((pid_t)holder, 0) != 0 && errno == ESRCH)
            __atomic_compare_exchange_n(lock, &holder, 0, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
        sched_yield();
    }
}

void slot_unlock(shared_word *lock) {
    store(lock, 0);
}

uint32_t rx_available(struct flow *f) {
    struct vs_slot *h = f->header;
    if (h->leave_from_tail && !load(&h->left)) return 0; /* it will come by TCP */
    uint32_t n = load(&h->rx_head) - load(&h->rx_tail);
    if (n > VS_RING_BYTES) return 0;
    if (!rx_stop_told(h)) return n;
    uint32_t before_stop = h->rx_stop_position - h->rx_tail;
    return before_stop < n ? before_stop : n;
}

bool rx_has_unread(struct flow *f) {
    return f->header->rx_on_ring ? rx_available(f) > 0 : rx_start_told(f->header);
}

bool rx_enough(struct flow *f) {
    struct vs_slot *h = f->header;
    uint32_t n = rx_available(f);
    return n > 0 && (n >= load(&h->low_water) || load(&h->rx_final) || rx_stop_told(h));
}

uint32_t tx_free(struct flow *f) {
    uint32_t used = load(&f->header->tx_head) - load(&f->header->tx_tail);
    return used <= VS_RING_BYTES ? VS_RING_BYTES - used : 0;
}

bool rx_at_end(struct flow *f) {
    return load(&f->header->rx_final) && f->header->rx_final_position == f->header->rx_tail;
}

void ring_want_space(struct flow *f) {
    swap(&f->header->tx_waiting, 1);
}

void rx_leave_ring_locked(struct flow *f) {
    struct vs_slot *h = f->header;
    if (!rx_at_stop(h)) return;
    h->rx_on_ring = 0;
    h->rx_starts_taken = load(&h->rx_starts);
    f->tcp_maybe = true;
    swap(&h->rx_stops_taken, h->rx_stops);
    doorbell(f->slot); /* from now on the other end's sender may be let into the ring again */
}

void rx_leave_ring(struct flow *f) {
    slot_lock(&f->header->rx_lock);
    rx_leave_ring_locked(f);
    slot_unlock(&f->header->rx_lock);
}

/* Whoever closes the gate first says where the ring ends: the guest here, or vsockd, which takes nothing more then. */
void tx_stop_locked(struct flow *f) {
    struct vs_slot *h = f->header;
    if (!replace(&h->tx_gate, GATE_OPEN, GATE_SHUT) || !tx_on_ring(h)) return;
    h->tx_stop_position = h->tx_head;
    swap(&h->tx_stops, h->tx_stops + 1);
    doorbell(f->slot);
}

void tx_leave_ring_locked(struct flow *f) {
    if (tx_must_leave(f->header)) tx_stop_locked(f);
}

static inline void copy_out(struct flow *f, uint32_t at, uint8_t *to, uint32_t n) {
    uint32_t offset = at % VS_RING_BYTES, first = VS_RING_BYTES - offset;
    if (first > n) first = n;
    memcpy(to, f->rx + offset, first);
    if (n > first) memcpy(to + first, f->rx, n - first);
}

static inline void copy_in(struct flow *f, uint32_t at, const uint8_t *from, uint32_t n) {
    uint32_t offset = at % VS_RING_BYTES, first = VS_RING_BYTES - offset;
    if (first > n) first = n;
    memcpy(f->tx + offset, from, first);
    if (n > first) memcpy(f->tx, from + first, n - first);
}

static ssize_t bad_address(void) {
    errno = EFAULT;
    return -1;
}

ssize_t ring_take(struct flow *f, const struct iovec *iov, int count, size_t skip, int flags) {
    bool copies = !(flags & MSG_TRUNC); /* TCP takes it for “throw away”, also without a buffer */
    uint32_t available = rx_available(f), at = f->header->rx_tail, taken = 0;
    for (int i = 0; i < count && taken < available; i++) {
        if (skip >= iov[i].iov_len) {
            skip -= iov[i].iov_len;
            continue;
        }
        if (copies && !may_be_memory(iov[i].iov_base, iov[i].iov_len)) {
            if (taken == 0) return bad_address();
            break;
        }
        size_t room = iov[i].iov_len - skip;
        uint32_t n = room < available - taken ? (uint32_t)room : available - taken;
        if (copies) copy_out(f, at + taken, (uint8_t *)iov[i].iov_base + skip, n);
        taken += n;
        skip = 0;
    }
    if (taken && !(flags & MSG_PEEK)) {
        swap(&f->header->rx_tail, at + taken);
        /* vsockd waits for room: tell it when there is some worth a copy, not for every byte */
        if (load(&f->header->rx_blocked) && available - taken <= VS_RING_BYTES / 2) {
            store(&f->header->rx_blocked, 0);
            doorbell(f->slot);
        }
    }
    return taken;
}

ssize_t ring_put(struct flow *f, const struct iovec *iov, int count, size_t skip) {
    uint32_t room = tx_free(f), at = f->header->tx_head, put = 0;
    for (int i = 0; i < count && put < room; i++) {
        if (skip >= iov[i].iov_len) {
            skip -= iov[i].iov_len;
            continue;
        }
        if (!may_be_memory(iov[i].iov_base, iov[i].iov_len)) {
            if (put == 0) return bad_address();
            break;
        }
        size_t left = iov[i].iov_len - skip;
        uint32_t n = left < room - put ? (uint32_t)left : room - put;
        copy_in(f, at + put, (const uint8_t *)iov[i].iov_base + skip, n);
        put += n;
        skip = 0;
    }
    if (put) {
        store(&f->header->tx_head, at + put);
        doorbell(f->slot);
    }
    return put;
}
