/*
 * A flow from this process's side. Everything that matters about it is in its slot, in memory that all processes
 * of the VM share, found by the socket's cookie: so it survives fork, exec, dup and descriptors in messages.
 */
#include "internal.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

struct flow *flows_by_slot[VS_SLOTS];

static uint64_t cookie_of(int fd) {
    uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    return real()->getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

void note_reason(uint64_t cookie, enum note reason) {
    uint64_t note = cookie | (uint64_t)reason << 56;
    __atomic_store_n(&shared_region->notes[cookie % VS_NOTES], note, __ATOMIC_RELAXED);
}

void flow_never(int fd, struct entry *e) {
    int saved = errno;
    e->not_carried = 1;
    if (channel_map()) note_reason(cookie_of(fd), NOTE_NOT_CARRIED);
    errno = saved;
}

/* Leaves word that this connection was made with the library, so that the operator is not told otherwise. */
void note_connection(int fd, struct entry *e, int direction) {
    int saved = errno;
    e->direction = (uint8_t)direction;
    if (channel_map()) note_reason(cookie_of(fd), NOTE_SHORT);
    errno = saved;
}

static struct flow *flow_attach(struct entry *e, uint32_t slot) {
    struct flow *f = flows_by_slot[slot];
    struct vs_slot *h = &shared_region->slots[slot];
    if (!f || f->generation != h->generation) {
        if (!f) f = malloc(sizeof *f); /* a slot's flow is used again, never freed: a late look at it is harmless */
        if (!f) return NULL;
        uint8_t *rings = shared_region->rings + (size_t)slot * 2 * VS_RING_BYTES;
        *f = (struct flow){.slot = slot, .generation = h->generation, .header = h, .tx = rings};
        f->rx = rings + VS_RING_BYTES;
        f->tcp_maybe = true;
        flows_by_slot[slot] = f;
    }
    e->flow = f;
    e->next_of_flow = f->entries;
    f->entries = e;
    return f;
}

static int take_slot(void) {
    for (uint32_t w = 0; w < VS_SLOTS / 32; w++) {
        uint32_t taken;
        while ((taken = load(&shared_region->slots_taken[w])) != UINT32_MAX) {
            uint32_t bit = (uint32_t)__builtin_ctz(~taken);
            if (!(set_bits(&shared_region->slots_taken[w], 1u << bit) & (1u << bit))) return (int)(w * 32 + bit);
        }
    }
    return -1;
}

static bool address_of(const struct sockaddr_storage *from, uint8_t out[16], uint32_t *port) {
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)from;
        memset(out, 0, 10);
        memset(out + 10, 0xff, 2);
        memcpy(out + 12, &v4->sin_addr, 4);
        *port = ntohs(v4->sin_port);
        return true;
    }
    const struct sockaddr_in6 *v6 = (const void *)from;
    memcpy(out, &v6->sin6_addr, 16);
    *port = ntohs(v6->sin6_port);
    return from->ss_family == AF_INET6;
}

static struct flow *claim(int fd, struct entry *e) {
    struct sockaddr_storage local, remote;
    socklen_t local_size = sizeof local, remote_size = sizeof remote;
    uint8_t local_address[16], remote_address[16];
    uint32_t local_port, remote_port;
    struct flow *f = NULL;
    if (real_functions.close == NULL || getsockname(fd, (struct sockaddr *)&local, &local_size) != 0 ||
        getpeername(fd, (struct sockaddr *)&remote, &remote_size) != 0 ||
        !address_of(&local, local_address, &local_port) || !address_of(&remote, remote_address, &remote_port))
        return NULL; /* not connected yet */
    struct tcp_counts counts;
    bool alive = tcp_counts(fd, &counts) && (counts.state == 1 || counts.state == 4 || counts.state == 5 || counts.state == 8);
    if (!alive) return NULL; /* not TCP_ESTABLISHED, FIN_WAIT1, FIN_WAIT2 or CLOSE_WAIT: soon over */
    if (memcmp(local_address, remote_address, 16) == 0 || !channel_ready()) return NULL; /* within the VM */
    uint64_t cookie = cookie_of(fd);
    pthread_mutex_lock(&process_lock);
    int slot = e->flow ? -1 : take_slot();
    if (slot >= 0) {
        struct vs_slot *h = &shared_region->slots[slot];
        uint32_t generation = h->generation + 1;
        h->tx_head = h->tx_starts = h->tx_start_low = h->tx_start_high = h->tx_waiting = 0;
        h->tx_stops = h->tx_stop_position = 0;
        h->rx_tail = h->rx_end_of_stream = h->close_hints = h->rx_stops_taken = 0;
        h->tx_lock = h->rx_lock = h->rx_on_ring = h->tx_shut = h->rx_shut = h->reset_told = 0;
        h->rx_starts_taken = h->tcp_senders = 0;
        h->users = 1;
        h->generation = generation;
        h->cookie_low = (uint32_t)cookie;
        h->cookie_high = (uint32_t)(cookie >> 32);
        h->direction = e->direction;
        h->process = process_index;
        h->local_port = local_port;
        h->remote_port = remote_port;
        memcpy(h->local_address, local_address, 16);
        memcpy(h->remote_address, remote_address, 16);
        f = flow_attach(e, (uint32_t)slot);
        store(&h->guest_state, GUEST_CLAIMED);
        doorbell((uint32_t)slot);
    }
    pthread_mutex_unlock(&process_lock);
    if (!f && !e->flow) note_reason(cookie, NOTE_NO_ROOM);
    return f ? f : e->flow;
}

static void set_reset_at_close(int fd, bool on) {
    struct linger now = {on, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

/* The process that handed the connection on took itself for its last holder, see flow_release. */
static void take_back_reset(int fd) {
    struct linger now;
    socklen_t size = sizeof now;
    if (real()->getsockopt(fd, SOL_SOCKET, SO_LINGER, &now, &size) == 0 && now.l_onoff && now.l_linger == 0)
        set_reset_at_close(fd, false);
}

bool flow_adopt(int fd, struct entry *e) {
    if (!channel_map()) return false;
    uint64_t cookie = cookie_of(fd);
    for (uint32_t w = 0; cookie && w < VS_SLOTS / 32; w++) {
        for (uint32_t bits = load(&shared_region->slots_taken[w]); bits; bits &= bits - 1) {
            uint32_t slot = w * 32 + (uint32_t)__builtin_ctz(bits);
            struct vs_slot *h = &shared_region->slots[slot];
            if (load(&h->guest_state) != GUEST_CLAIMED || h->cookie_low != (uint32_t)cookie ||
                h->cookie_high != (uint32_t)(cookie >> 32))
                continue;
            pthread_mutex_lock(&process_lock);
            struct flow *f = flow_attach(e, slot);
            if (__atomic_fetch_add(&h->users, 1, __ATOMIC_SEQ_CST) == 0) take_back_reset(fd);
            pthread_mutex_unlock(&process_lock);
            return f != NULL;
        }
    }
    return false;
}

static uint32_t host_state(struct flow *f) {
    struct vs_slot *h = f->header;
    return load(&h->host_generation) == f->generation ? load(&h->host_state) : HOST_NONE;
}

bool flow_is_reset(struct flow *f) {
    return f->header->host_state == HOST_RESET && host_state(f) == HOST_RESET;
}

bool flow_is_dead(struct flow *f) {
    return f->error || f->header->reset_told || flow_is_reset(f);
}

/* After the end of the stream a reset answers what was sent: TCP calls that a broken pipe. */
int flow_take_error(struct flow *f) {
    if (swap(&f->header->reset_told, 1)) return 0;
    int error = f->error ? f->error : rx_at_end(f) ? EPIPE : ECONNRESET;
    f->error = 0;
    return error;
}

void flow_engage_locked(struct flow *f) {
    if (f->engaged || host_state(f) < HOST_OPEN) return;
    f->engaged = true;
    for (struct entry *e = f->entries; e; e = e->next_of_flow) epoll_engage_entry(e);
}

struct flow *flow_for_call(int fd, struct entry *e) {
    struct flow *f = e->flow;
    if (!f) {
        if (e->not_carried) return NULL;
        e->calls++;
        uint32_t calls = 16, bytes = 262144;
        if (shared_region) {
            calls = shared_region->upgrade_after_calls;
            bytes = shared_region->upgrade_after_bytes;
        }
        if (e->calls < calls && e->bytes < bytes) return NULL;
        if ((e->calls - calls) % 64 != 0 && e->calls >= calls) return NULL; /* asked before, in vain */
        int saved = errno;
        f = claim(fd, e);
        errno = saved;
        if (!f) {
            if (e->calls < calls) e->calls = calls + 1;
            return NULL;
        }
    }
    if (__builtin_expect(!f->engaged, 0) && host_state(f) >= HOST_OPEN) {
        pthread_mutex_lock(&process_lock);
        flow_engage_locked(f);
        pthread_mutex_unlock(&process_lock);
    }
    return f;
}

bool flow_shared(struct flow *f) {
    return load(&f->header->users) > 1;
}

void flow_take_notices(struct flow *f) {
    if (f->header->process != process_index && channel_ready()) {
        store(&f->header->process, process_index);
        full_fence();
    }
}

/*
 * Unread bytes at the last close mean a reset, as the kernel does it for bytes in its own queue. A program that was
 * given the descriptor and has not used it yet is no user that we know of: it takes the reset back when it does.
 */
void flow_release(struct flow *f, struct entry *e, int fd) {
    if (f->entries != e || e->next_of_flow) return; /* a dup remains */
    bool unread = f->engaged && rx_available(f) > 0 && load(&f->header->users) == 1;
    if (unread) set_reset_at_close(fd, true);
    uint32_t left = __atomic_sub_fetch(&f->header->users, 1, __ATOMIC_SEQ_CST);
    if (unread && left > 0) set_reset_at_close(fd, false);
}

void flow_closed(struct flow *f) {
    if (f->entries) return;
    __atomic_fetch_add(&f->header->close_hints, 1, __ATOMIC_SEQ_CST);
    doorbell(f->slot);
}

static void before_fork(void) {
    pthread_mutex_lock(&process_lock);
}

static void each_flow_shared(int by) {
    for (uint32_t s = 0; shared_region && s < VS_SLOTS; s++)
        if (flows_by_slot[s] && flows_by_slot[s]->entries)
            __atomic_fetch_add(&flows_by_slot[s]->header->users, by, __ATOMIC_SEQ_CST);
}

static void in_parent(void) {
    pthread_mutex_unlock(&process_lock);
}

static void in_child(void) {
    pthread_mutex_init(&process_lock, NULL);
    own_pid = getpid();
    each_flow_shared(1);
    channel_after_fork();
    epoll_after_fork();
    entries_after_fork();
}

__attribute__((constructor)) static void begin(void) {
    real();
    own_pid = getpid();
    enabled = channel_configured();
    if (enabled) pthread_atfork(before_fork, in_parent, in_child);
}
