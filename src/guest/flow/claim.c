/*
 * A connection that is worth it gets a slot of the memory that the VM shares with its host. One socket, one slot: who
 * claims looks first whether another process of the VM has done so.
 */
#include "flow.h"

#include "epoll/epoll.h"

#include <netinet/in.h>
#include <sys/mman.h>
#include <unistd.h>

#define NOTE_CODE_SHIFT 56 /* a note is a cookie with a reason in its top byte */
#define CALLS_BETWEEN_CLAIMS 64
/* Before the front is mapped: what a host has by default. */
#define CALLS_WITHOUT_FRONT 16
#define BYTES_WITHOUT_FRONT (256 * 1024)
#define LINGER_NAP_NS (1 * NS_PER_MILLISECOND)

struct flow *flows_by_slot[VS_SLOTS];

static void note_reason(uint64_t cookie, enum reason why) {
    if (!cookie || !shared_front) return;
    uint64_t note = cookie | (uint64_t)why << NOTE_CODE_SHIFT;
    __atomic_store_n(&shared_front->notes[cookie % VS_NOTES], note, __ATOMIC_RELAXED);
}

void note_connection(int fd, struct connection *c) {
    KEEP_ERRNO;
    if (channel_is_sealed() || !channel_map_front()) return;
    c->cookie = cookie_of(fd);
    if (!c->never && is_excluded(fd)) c->never = REASON_EXCLUDED;
    note_reason(c->cookie, c->never ? c->never : REASON_SHORT);
}

void flow_ends_in_kernel(int fd, struct flow *f) {
    int error;
    socklen_t size = sizeof error;
    if (swap(&f->header->reset_told, 1)) kernel(SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR, &error, &size); /* told before */
    kernel(SYS_shutdown, fd, SHUT_RDWR);
}

static void keep(int fd, struct connection *c, enum reason why, enum unread unread) {
    KEEP_ERRNO;
    struct flow *f = c->flow;
    if (f) {
        if (f->plain) return;
        if (!flow_is_dead(f)) flow_leave(f, why, unread);
        else if (unread != UNREAD_STAYS) flow_ends_in_kernel(fd, f);
    } else if (!c->never) {
        c->never = (uint8_t)why;
        if (!c->cookie && !channel_is_sealed() && channel_map_front()) c->cookie = cookie_of(fd);
        note_reason(c->cookie, why);
    }
}

void keep_on_tcp(int fd, struct connection *c, enum reason why) {
    keep(fd, c, why, UNREAD_STAYS);
}

void keep_whole(int fd, struct connection *c, enum reason why) {
    keep(fd, c, why, UNREAD_COMES_AGAIN);
}

void keep_for_others(int fd, struct connection *c, enum reason why) {
    keep(fd, c, why, UNREAD_MUST_COME);
}

static struct flow *attach_locked(struct connection *c, uint32_t slot, uint8_t *rings) {
    struct flow *f = flows_by_slot[slot];
    struct vs_slot *h = &shared_region->slots[slot];
    static struct pool flows = {sizeof(struct flow), NULL};
    if (f && f->generation == h->generation && f->connection && f->connection != c) {
        connection_merge_locked(c, f->connection);
        return f;
    }
    if (!f) {
        if (!(f = pool_take(&flows))) return NULL;
        *f = (struct flow){.slot = slot, .header = h, .tx = rings, .rx = rings + VS_RING_BYTES};
    }
    f->engaged = f->plain = false;
    f->generation = h->generation;
    f->tcp_maybe = true;
    f->empty_reads = 0;
    f->connection = c;
    store(&flows_by_slot[slot], f);
    store(&c->flow, f);
    return f;
}

static bool try_slot(uint32_t slot) {
    uint32_t bit = 1u << slot % 32;
    return !(set_bits(&shared_front->slots_taken[slot / 32], bit) & bit);
}

static void give_slot(uint32_t slot) {
    clear_bits(&shared_front->slots_taken[slot / 32], 1u << slot % 32);
}

/* A slot whose rings this process has mapped already is the better one. */
static int take_slot(void) {
    for (uint32_t slot = 0; slot < VS_SLOTS; slot++)
        if (flows_by_slot[slot] && !(load(&shared_front->slots_taken[slot / 32]) & 1u << slot % 32) && try_slot(slot))
            return (int)slot;
    for (uint32_t word = 0; word < VS_SLOTS / 32; word++) {
        uint32_t taken;
        while ((taken = load(&shared_front->slots_taken[word])) != UINT32_MAX) {
            uint32_t slot = word * 32 + (uint32_t)__builtin_ctz(~taken);
            if (try_slot(slot)) return (int)slot;
        }
    }
    return -1;
}

struct place {
    uint8_t address[16];
    uint32_t port;
};

static bool place_of(const struct sockaddr_storage *from, struct place *out) {
    memset(out, 0, sizeof *out);
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)from;
        memset(out->address + 10, 0xff, 2);
        memcpy(out->address + 12, &v4->sin_addr, 4);
        out->port = ntohs(v4->sin_port);
        return true;
    }
    const struct sockaddr_in6 *v6 = (const void *)from;
    memcpy(out->address, &v6->sin6_addr, 16);
    out->port = ntohs(v6->sin6_port);
    return from->ss_family == AF_INET6;
}

enum verdict { CLAIM_NOT_NOW, CLAIM_NEVER, CLAIM_NOW };

/* What the kernel says of the socket. */
static enum verdict look_at_socket(int fd, struct connection *c, struct place *local, struct place *remote) {
    struct sockaddr_storage here = {0}, there = {0};
    socklen_t here_size = sizeof here, there_size = sizeof there, size = sizeof(int);
    int protocol = 0;
    struct tcp_counts counts;
    if (c->unsure) {
        bool is_tcp = kernel(SYS_getsockopt, fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 && protocol == IPPROTO_TCP;
        if (!is_tcp) return CLAIM_NEVER;
        c->unsure = 0;
    }
    if (kernel(SYS_getsockname, fd, &here, &here_size) != 0 || kernel(SYS_getpeername, fd, &there, &there_size) != 0)
        return CLAIM_NOT_NOW; /* not connected yet */
    if (!place_of(&here, local) || !place_of(&there, remote)) return CLAIM_NEVER;
    if (memcmp(local->address, remote->address, 16) == 0) return CLAIM_NEVER; /* within the VM */
    if (!tcp_counts(fd, &counts)) return CLAIM_NEVER;
    bool closes = counts.state == STATE_FIN_WAIT1 || counts.state == STATE_FIN_WAIT2;
    if (closes) set_bits(&c->shut, SHUT_SENDING); /* by any process */
    if (closes && tcp_events(fd, 0) & POLLHUP) return CLAIM_NOT_NOW; /* and SHUT_READING: what still comes is answered with a reset */
    bool alive = counts.state == STATE_ESTABLISHED || counts.state == STATE_CLOSE_WAIT || closes;
    return alive ? CLAIM_NOW : CLAIM_NOT_NOW; /* else soon over */
}

static void write_claim(struct vs_slot *h, struct connection *c, const struct place *local, const struct place *remote) {
    uint32_t generation = h->generation + 1;
    h->tx_head = h->tx_starts = h->tx_start_low = h->tx_start_high = h->tx_waiting = 0;
    h->tx_stops = h->tx_stop_position = 0;
    store(&h->tx_gate, (uint32_t)GATE_OPEN);
    h->rx_tail = h->rx_end_of_stream = h->rx_stops_taken = 0;
    store(&h->close_hints, 0u);
    h->rx_ready = h->leave_reason = h->leave_from_tail = h->fault = h->closing = 0;
    h->tx_lock = h->rx_lock = h->rx_on_ring = h->tx_shut = h->rx_shut = h->reset_told = 0;
    h->rx_starts_taken = h->tcp_senders = h->tx_owing = h->tx_owed_from = h->reset_armed = h->disconnected = h->error = h->look_from = 0;
    h->low_water = 1;
    h->users = 1;
    h->generation = generation;
    h->cookie_low = (uint32_t)c->cookie;
    h->cookie_high = (uint32_t)(c->cookie >> 32);
    h->direction = c->direction;
    h->process = process_index;
    h->local_port = local->port;
    h->remote_port = remote->port;
    memcpy(h->local_address, local->address, 16);
    memcpy(h->remote_address, remote->address, 16);
}

static void stays(struct connection *c, enum reason why) {
    c->never = (uint8_t)why;
    note_reason(c->cookie, why);
}

static struct flow *claim(int fd, struct connection *c) {
    struct place local, remote;
    enum verdict verdict = look_at_socket(fd, c, &local, &remote);
    if (verdict == CLAIM_NEVER) c->never = REASON_NOT_CARRIED;
    if (verdict != CLAIM_NOW || !channel_map_front()) return NULL;
    if (!c->cookie) c->cookie = cookie_of(fd);
    if (is_excluded(fd)) return stays(c, REASON_EXCLUDED), NULL;
    if (!carries_socket(fd)) return stays(c, REASON_SOCKET_OPTION), NULL;
    if (epoll_uses_shared(c)) return stays(c, REASON_SHARED_EPOLL), NULL;
    if (!channel_ready()) return NULL;
    if (flow_adopt(c)) return c->flow;
    if (!holders_alone(c)) {
        note_reason(c->cookie, REASON_SHARED); /* until the others are gone */
        return NULL;
    }
    pthread_mutex_lock(&process_lock);
    int slot = c->flow || c->never ? -1 : take_slot();
    uint8_t *rings = slot < 0 ? NULL : channel_map_rings((uint32_t)slot);
    struct flow *f = NULL;
    if (rings) {
        struct vs_slot *h = &shared_region->slots[slot];
        write_claim(h, c, &local, &remote);
        f = attach_locked(c, (uint32_t)slot, rings);
        if (f) {
            flow_note_shut(c);
            store(&h->guest_state, (uint32_t)GUEST_CLAIMED);
            doorbell((uint32_t)slot);
        }
    }
    if (!f && slot >= 0) give_slot((uint32_t)slot);
    pthread_mutex_unlock(&process_lock);
    if (!f && !c->flow) note_reason(c->cookie, REASON_NO_ROOM);
    return f ? f : c->flow;
}

enum { ARMED = 1, ARMED_LINGERING = 2 /* and the seconds for which the program wants to linger */ };

/* Who goes on by the kernel alone could not disarm it. */
static bool others_use_tcp(struct vs_slot *h) {
    return load(&h->leave_reason) && load(&h->users) > 1;
}

/*
 * Bytes unread at the last close mean a reset, as the kernel does it for bytes in its own queue. Who is the last, or is
 * killed as the last, cannot be known: so every process that closes arms the reset, and one that reads on disarms it.
 */
static void arm_reset(int fd, struct vs_slot *h) {
    struct linger before, reset = {1, 0};
    socklen_t size = sizeof before;
    if (others_use_tcp(h) || kernel(SYS_getsockopt, fd, SOL_SOCKET, SO_LINGER, &before, &size) != 0) return;
    if (before.l_onoff && before.l_linger == 0) return;
    store(&h->reset_armed, before.l_onoff ? ARMED_LINGERING + (uint32_t)before.l_linger : ARMED);
    kernel(SYS_setsockopt, fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    full_fence();
    if (others_use_tcp(h)) kernel(SYS_setsockopt, fd, SOL_SOCKET, SO_LINGER, &before, sizeof before);
}

void flow_disarm_reset(int fd, struct flow *f) {
    KEEP_ERRNO;
    uint32_t armed = swap(&f->header->reset_armed, 0u);
    struct linger before = {armed >= ARMED_LINGERING, armed >= ARMED_LINGERING ? (int)(armed - ARMED_LINGERING) : 0};
    if (armed) kernel(SYS_setsockopt, fd, SOL_SOCKET, SO_LINGER, &before, sizeof before);
}

bool flow_adopt(struct connection *c) {
    for (uint32_t word = 0; c->cookie && word < VS_SLOTS / 32; word++) {
        for (uint32_t bits = load(&shared_front->slots_taken[word]); bits; bits &= bits - 1) {
            uint32_t slot = word * 32 + (uint32_t)__builtin_ctz(bits);
            struct vs_slot *h = &shared_region->slots[slot];
            if (load(&h->guest_state) != GUEST_CLAIMED || h->cookie_low != (uint32_t)c->cookie ||
                h->cookie_high != (uint32_t)(c->cookie >> 32))
                continue;
            uint8_t *rings = channel_map_rings(slot);
            if (!rings) return false;
            pthread_mutex_lock(&process_lock);
            bool is_new = !(flows_by_slot[slot] && flows_by_slot[slot]->connection);
            struct flow *f = attach_locked(c, slot, rings);
            if (f && is_new) add_to(&h->users, 1);
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
    return load(&f->header->error) || f->header->reset_told || flow_is_reset(f);
}

bool flow_reads_no_more(struct flow *f) {
    struct vs_slot *h = f->header;
    if (!flow_is_dead(f)) return false;
    return flow_is_reset(f) || !h->rx_on_ring || !h->rx_end_of_stream || rx_at_end(f);
}

/* After the end of the stream a reset answers what was sent: TCP calls that a broken pipe. */
int flow_take_error(struct flow *f) {
    if (swap(&f->header->reset_told, 1)) return 0;
    uint32_t known = load(&f->header->error);
    int error = known ? (int)known : load(&f->header->rx_final) ? EPIPE : ECONNRESET;
    store(&f->header->error, 0u);
    /* The kernel may have the same one, if TCP was reset as well. */
    int fd = f->connection ? connection_descriptor(f->connection) : -1, same;
    socklen_t size = sizeof same;
    if (fd >= 0) kernel(SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR, &same, &size);
    return error;
}

void flow_note_error(struct flow *f, bool is_told) {
    static const int of_connection[] = {ECONNRESET, ECONNABORTED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH};
    for (size_t k = 0; k < sizeof of_connection / sizeof *of_connection; k++) {
        if (errno != of_connection[k]) continue;
        store(&f->header->reset_told, is_told ? 1u : 0u);
        if (!is_told) store(&f->header->error, (uint32_t)errno);
    }
}

void flow_engage_locked(struct flow *f) {
    if (f->engaged || f->plain || host_state(f) < HOST_OPEN) return;
    /* A connection that was over before a byte went into the rings is the kernel's, which tells of its end but once. */
    f->plain = flow_is_reset(f) && !load(&f->header->tx_starts) && !load(&f->header->rx_starts);
    if (f->plain) return;
    f->engaged = true;
    epoll_engage_connection_locked(f->connection);
}

void flow_notice_locked(struct flow *f) {
    flow_engage_locked(f);
    epoll_mark_connection_locked(f->connection);
}

/* vsockd took it back to TCP for a while: nothing is in a ring, and the kernel alone has the socket until it is opened again. */
static void disengage(struct flow *f) {
    pthread_mutex_lock(&process_lock);
    if (f->engaged && host_state(f) == HOST_WAITING && !epoll_shows_once(f->connection)) {
        f->engaged = false;
        epoll_return_connection_locked(f->connection);
    }
    pthread_mutex_unlock(&process_lock);
}

struct flow *flow_in_use(struct connection *c) {
    struct flow *f = c ? load(&c->flow) : NULL;
    if (!f || f->plain) return NULL;
    if (__builtin_expect(f->header->host_state == HOST_WAITING, 0) && f->engaged) disengage(f);
    if (__builtin_expect(!f->engaged, 0)) {
        if (host_state(f) < HOST_OPEN) return NULL;
        pthread_mutex_lock(&process_lock);
        flow_engage_locked(f);
        pthread_mutex_unlock(&process_lock);
    }
    if (__builtin_expect(load(&f->header->left), 0)) {
        int fd = connection_descriptor(c);
        if (fd >= 0 && flow_progress(fd, f)) return NULL;
    }
    return f->engaged ? f : NULL;
}

void flow_note_shut(struct connection *c) {
    struct flow *f = load(&c->flow);
    if (!f) return;
    uint8_t shut = load(&c->shut);
    if (shut & SHUT_SENDING) f->header->tx_shut = 1;
    if (shut & SHUT_READING) f->header->rx_shut = 1;
}

struct flow *flow_for_call(int fd, struct connection *c) {
    if (__builtin_expect(!c->flow, 1)) {
        if (c->never) return NULL;
        uint32_t now = count_by(&c->calls, 1), calls = CALLS_WITHOUT_FRONT, bytes = BYTES_WITHOUT_FRONT;
        if (load(&shared_front)) {
            calls = shared_front->upgrade_after_calls;
            bytes = shared_front->upgrade_after_bytes;
        }
        if (now < calls && __atomic_load_n(&c->bytes, __ATOMIC_RELAXED) < bytes) return NULL;
        if (channel_is_sealed()) return NULL;
        if (now > calls && (now - calls) % CALLS_BETWEEN_CLAIMS != 0) return NULL; /* asked before, in vain */
        KEEP_ERRNO;
        if (now < calls) __atomic_store_n(&c->calls, calls, __ATOMIC_RELAXED);
        if (!claim(fd, c)) return NULL;
    }
    return flow_in_use(c);
}

void flow_reader_knows(struct flow *f) {
    struct vs_slot *h = f->header;
    struct connection *c = f->connection;
    uint32_t opening = load(&h->openings);
    if (__builtin_expect(load(&h->rx_ready) == opening, 1) || load(&h->leave_reason)) return;
    if (c && load(&c->receiving) > 0) return; /* the kernel has one who does not */
    if (opening > 1 && flow_shared(f)) return; /* nor may another process, since it was on TCP */
    swap(&h->rx_ready, opening);
    doorbell(f->slot);
}

int flow_descriptor(struct flow *f, int fd) {
    if (!f->connection || connection_of(fd) == f->connection) return fd;
    int copy = connection_descriptor(f->connection);
    return copy < 0 ? fd : copy;
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

/* close() waits for what the other end's ring has no room for, as long as SO_LINGER says; for what is on TCP the kernel does. */
static void linger(struct flow *f, const struct linger *wanted) {
    if (!wanted->l_onoff || tx_free(f) == VS_RING_BYTES || tx_frozen(f->header)) return;
    uint64_t end = now_ns() + (uint64_t)wanted->l_linger * NS_PER_SECOND;
    struct timespec nap = {0, LINGER_NAP_NS};
    while (tx_free(f) < VS_RING_BYTES && !flow_is_dead(f) && now_ns() < end)
        if (kernel(SYS_nanosleep, &nap, NULL) != 0) return; /* a signal ends the kernel's wait, too */
}

static void close_as_last(int fd, struct flow *f, bool lingers) {
    struct linger wanted = {0, 0};
    socklen_t size = sizeof wanted;
    flow_pay(fd, f);
    kernel(SYS_getsockopt, fd, SOL_SOCKET, SO_LINGER, &wanted, &size);
    if (lingers) linger(f, &wanted);
    bool resets = wanted.l_onoff && wanted.l_linger == 0;
    store(&f->header->closing, resets ? (uint32_t)CLOSES_WITH_RESET : (uint32_t)CLOSES);
}

static bool ends; /* this process has let go of all that it has */

/* @param lingers close() does, the end of a process does not (net/ipv4/af_inet.c: inet_release()) */
static void release(struct flow *f, int fd, bool lingers) {
    if (!f->plain) {
        if (load(&f->header->users) == 1) close_as_last(fd, f, lingers);
        if (f->engaged && rx_available(f) > 0) arm_reset(fd, f->header);
    }
    add_to(&f->header->users, -1);
}

void flow_release(struct flow *f, int fd) {
    if (!load(&ends)) release(f, fd, true);
}

void flow_closed(uint32_t slot) {
    add_to(&shared_region->slots[slot].close_hints, 1);
    doorbell(slot);
}

static void before_fork(void) {
    int cursor = 0;
    struct connection *c;
    pthread_mutex_lock(&process_lock);
    while ((c = connection_each(&cursor))) {
        if (c->flow) add_to(&c->flow->header->users, 1);
        else if (!c->never) holders_add(c, 1);
    }
    epoll_before_fork_locked();
}

static void in_parent(void) {
    pthread_mutex_unlock(&process_lock);
}

static void in_child(void) {
    ends = false;
    process_lock = (pthread_mutex_t)PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
    own_pid = getpid();
    channel_after_fork();
    epoll_after_fork();
    entries_after_fork();
}

/* Who inherits connections must know how many others still have them. */
static void let_go_of_all(void) {
    int cursor = 0;
    struct connection *c;
    if (swap(&ends, true)) return;
    while ((c = connection_each(&cursor))) {
        if (c->flow) {
            int fd = connection_descriptor(c);
            if (fd >= 0) release(c->flow, fd, false);
        } else if (c->shared) {
            holders_add(c, -1);
        }
    }
}

__attribute__((constructor)) static void begin(void) {
    real();
    own_pid = getpid();
    enabled = channel_configured();
    if (!enabled) return;
    exclusions_read();
    pthread_atfork(before_fork, in_parent, in_child);
}

__attribute__((destructor)) static void end(void) {
    if (enabled && !in_vfork_child()) let_go_of_all();
}

/* As exit() does it, for the connections; a vfork child's end is not its parent's. */
EXPORT void _exit(int status) {
    if (enabled && !in_vfork_child()) let_go_of_all();
    real()->_exit(status);
    __builtin_unreachable();
}

EXPORT void _Exit(int status) {
    _exit(status);
}
