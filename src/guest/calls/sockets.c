/* The calls that make, end and ask about connections. The kernel does them; the library takes note. */
#include "epoll/epoll.h"
#include "flow/flow.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

static void forget_number(int fd) {
    struct entry *e = enabled && fd >= 0 && !in_vfork_child() ? entry_find(fd) : NULL;
    if (e) entry_forget(e);
}

EXPORT int socket(int domain, int type, int protocol) {
    int fd = real()->socket(domain, type, protocol);
    KEEP_ERRNO;
    bool tcp = (domain == AF_INET || domain == AF_INET6) && (type & 0xf) == SOCK_STREAM &&
               (protocol == 0 || protocol == IPPROTO_TCP);
    if (tcp) connection_new(fd, DIRECTION_OUT);
    else forget_number(fd);
    return fd;
}

static bool is_to_nowhere(const struct sockaddr *address, socklen_t size) {
    return size >= sizeof address->sa_family && may_be_memory(address, sizeof address->sa_family) &&
           address->sa_family == AF_UNSPEC;
}

EXPORT int connect(int fd, const struct sockaddr *address, socklen_t size) {
    struct connection *c = connection_of(fd);
    bool disconnects = c && c->flow && is_to_nowhere(address, size);
    if (c && c->flow) keep_on_tcp(fd, c, REASON_CALL); /* AF_UNSPEC ends the connection, the rest is refused */
    if (disconnects) flow_disconnects(fd, c->flow);
    int result = real()->connect(fd, address, size);
    KEEP_ERRNO;
    if (disconnects) flow_disconnected(c->flow, result == 0);
    if (c && !c->flow && (result == 0 || errno == EINPROGRESS)) {
        c->direction = DIRECTION_OUT;
        note_connection(fd, c);
    }
    return result;
}

EXPORT int listen(int fd, int backlog) {
    int result = real()->listen(fd, backlog);
    KEEP_ERRNO;
    struct connection *c = connection_of(fd);
    if (result == 0 && c && !c->flow) c->never = REASON_NOT_CARRIED; /* a listener is the kernel's alone */
    return result;
}

static int accepted(int fd) {
    KEEP_ERRNO;
    if (!enabled || fd < 0 || in_vfork_child()) return fd;
    int protocol = 0;
    socklen_t size = sizeof protocol;
    bool tcp = !channel_is_sealed() && kernel(SYS_getsockopt, fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
               protocol == IPPROTO_TCP;
    struct connection *c = tcp ? connection_new(fd, DIRECTION_IN) : NULL;
    if (c) note_connection(fd, c);
    else forget_number(fd);
    return fd;
}

EXPORT int accept(int fd, struct sockaddr *address, socklen_t *size) {
    return accepted(real()->accept(fd, address, size));
}

EXPORT int accept4(int fd, struct sockaddr *address, socklen_t *size, int flags) {
    return accepted(real()->accept4(fd, address, size, flags));
}

/* After a reset a socket has no other end, though the kernel may not know of a reset that vsockd told. */
static int not_connected(void) {
    errno = ENOTCONN;
    return -1;
}

EXPORT int getpeername(int fd, struct sockaddr *address, socklen_t *size) {
    struct connection *c = connection_of(fd);
    struct flow *f = c ? flow_in_use(c) : NULL;
    return f && flow_is_dead(f) ? not_connected() : real()->getpeername(fd, address, size);
}

EXPORT int shutdown(int fd, int how) {
    struct connection *c = connection_of(fd);
    struct flow *f = c ? flow_in_use(c) : NULL;
    bool ends_sending = how == SHUT_WR || how == SHUT_RDWR, ends_reading = how == SHUT_RD || how == SHUT_RDWR;
    if (!f) {
        int result = real()->shutdown(fd, how);
        if (!c || result != 0) return result;
        set_bits(&c->shut, (ends_sending ? SHUT_SENDING : 0) | (ends_reading ? SHUT_READING : 0));
        flow_note_shut(c);
        /* What comes then is answered by a reset: the kernel's. */
        if (load(&c->shut) == (SHUT_SENDING | SHUT_READING)) keep_on_tcp(fd, c, REASON_CALL);
        return result;
    }
    if (flow_is_dead(f) && (ends_sending || ends_reading)) return not_connected();
    struct vs_slot *h = f->header;
    bool ends_both = (ends_sending || h->tx_shut) && (ends_reading || h->rx_shut);
    if (ends_both) { /* what comes then is answered by a reset: the kernel's */
        keep_on_tcp(fd, c, REASON_CALL);
        flow_pay(fd, f);
        if (f->plain) return real()->shutdown(fd, how);
    }
    slot_lock(&h->tx_lock); /* no byte of ours enters the ring after the end of the stream */
    bool frozen = ends_sending && !replace(&h->tx_gate, GATE_OPEN, GATE_SHUT) && tx_frozen(h);
    slot_unlock(&h->tx_lock);
    if (frozen) flow_pay(fd, f);
    slot_lock(&h->tx_lock);
    int result = real()->shutdown(fd, how);
    if (result == 0 && ends_sending) h->tx_shut = 1;
    if (result == 0 && ends_reading) h->rx_shut = 1;
    slot_unlock(&h->tx_lock);
    if (result == 0) doorbell(f->slot);
    return result;
}

EXPORT int getsockopt(int fd, int level, int option, void *value, socklen_t *size) {
    int result = real()->getsockopt(fd, level, option, value, size);
    bool of_error = level == SOL_SOCKET && option == SO_ERROR, of_state = level == IPPROTO_TCP && option == TCP_INFO;
    struct connection *c = (of_error || of_state) && result == 0 ? connection_of(fd) : NULL;
    struct flow *f = c ? flow_in_use(c) : NULL;
    int error = 0;
    if (!f) return result;
    if (of_state) {
        if (flow_is_dead(f) && *size > 0) *(uint8_t *)value = STATE_CLOSE; /* tcpi_state */
        return result;
    }
    memcpy(&error, value, *size < sizeof error ? *size : sizeof error);
    if (error) f->header->reset_told = 1; /* by the kernel, once */
    if (error || !flow_is_dead(f)) return result;
    error = flow_take_error(f);
    memcpy(value, &error, *size < sizeof error ? *size : sizeof error);
    return result;
}

/* A ring holds back as many bytes as the kernel would, as far as they have room in it. */
static int set_low_water(int fd, struct connection *c, const void *value, socklen_t size) {
    int result = real()->setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, value, size), bytes = 1;
    KEEP_ERRNO;
    socklen_t out = sizeof bytes;
    if (result != 0 || kernel(SYS_getsockopt, fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, &out) != 0) return result;
    if (bytes > (int)VS_RING_BYTES / 4) keep_on_tcp(fd, c, REASON_SOCKET_OPTION);
    else store(&c->flow->header->low_water, (uint32_t)bytes);
    return result;
}

EXPORT int setsockopt(int fd, int level, int option, const void *value, socklen_t size) {
    struct connection *c = connection_of(fd);
    if (!c || !c->flow || c->flow->plain) return real()->setsockopt(fd, level, option, value, size);
    if (level == SOL_SOCKET && option == SO_RCVLOWAT) return set_low_water(fd, c, value, size);
    if (level == SOL_SOCKET && option == SO_PEEK_OFF) store(&c->flow->header->look_from, 1u);
    if (!carries_option(level, option, value, size)) keep_on_tcp(fd, c, REASON_SOCKET_OPTION);
    return real()->setsockopt(fd, level, option, value, size);
}

SAME_AS(connect) int __connect(int, const struct sockaddr *, socklen_t);
