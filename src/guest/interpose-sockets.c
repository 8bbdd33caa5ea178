/* The calls that make, end and ask about connections. The kernel does them; the library takes note. */
#include "internal.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool threads_exist(void) {
    extern char __libc_single_threaded;
    return !__libc_single_threaded;
}

static struct entry *fresh(int fd, enum kind kind) {
    if (!enabled || fd < 0 || in_vfork_child()) return NULL;
    struct entry *e = entry_get(fd);
    if (!e) return NULL;
    entry_forget(e);
    e->kind = (uint8_t)kind;
    return e;
}

EXPORT int socket(int domain, int type, int protocol) {
    int fd = real()->socket(domain, type, protocol);
    bool tcp = (domain == AF_INET || domain == AF_INET6) && (type & 0xf) == SOCK_STREAM &&
               (protocol == 0 || protocol == IPPROTO_TCP);
    fresh(fd, tcp ? KIND_TCP : KIND_OTHER);
    return fd;
}

EXPORT int connect(int fd, const struct sockaddr *address, socklen_t size) {
    int result = real()->connect(fd, address, size), saved = errno;
    struct entry *e = entry_tcp(fd);
    if (e && !e->flow && (result == 0 || saved == EINPROGRESS)) note_connection(fd, e, DIRECTION_OUT);
    errno = saved;
    return result;
}

EXPORT int listen(int fd, int backlog) {
    int result = real()->listen(fd, backlog);
    struct entry *e = enabled && result == 0 ? entry_find(fd) : NULL;
    if (e && e->kind == KIND_TCP) {
        epoll_forget_items(e); /* a listener is the kernel's alone */
        e->kind = KIND_OTHER;
    }
    return result;
}

static int accepted(int fd) {
    int saved = errno, domain = 0;
    socklen_t size = sizeof domain;
    if (!enabled || fd < 0) return fd;
    bool tcp = real()->getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &domain, &size) == 0 && domain == IPPROTO_TCP;
    struct entry *e = fresh(fd, tcp ? KIND_TCP : KIND_OTHER);
    if (e && tcp) note_connection(fd, e, DIRECTION_IN);
    errno = saved;
    return fd;
}

EXPORT int accept(int fd, struct sockaddr *address, socklen_t *size) {
    return accepted(real()->accept(fd, address, size));
}

EXPORT int accept4(int fd, struct sockaddr *address, socklen_t *size, int flags) {
    return accepted(real()->accept4(fd, address, size, flags));
}

EXPORT int shutdown(int fd, int how) {
    struct entry *e = entry_tcp(fd);
    if (!e || !e->flow) return real()->shutdown(fd, how);
    struct vs_slot *h = e->flow->header;
    slot_lock(&h->tx_lock); /* no byte of ours enters the ring after the end of the stream */
    int result = real()->shutdown(fd, how);
    if (result == 0 && how != SHUT_RD) h->tx_shut = 1;
    if (result == 0 && how != SHUT_WR) h->rx_shut = 1;
    slot_unlock(&h->tx_lock);
    if (result == 0) doorbell(e->flow->slot);
    return result;
}

EXPORT int getsockopt(int fd, int level, int option, void *value, socklen_t *size) {
    int result = real()->getsockopt(fd, level, option, value, size);
    struct entry *e = level == SOL_SOCKET && option == SO_ERROR && result == 0 ? entry_tcp(fd) : NULL;
    struct flow *f = e ? e->flow : NULL;
    if (f && *(int *)value == 0 && flow_is_dead(f)) *(int *)value = flow_take_error(f);
    return result;
}

EXPORT int ioctl(int fd, unsigned long request, ...) {
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    int result = real()->ioctl(fd, request, argument);
    struct entry *e = result == 0 && (request == FIONREAD || request == TIOCOUTQ) ? entry_tcp(fd) : NULL;
    if (e && e->flow && e->flow->engaged)
        *(int *)argument += (int)(request == FIONREAD ? rx_available(e->flow) : VS_RING_BYTES - tx_free(e->flow));
    return result;
}
