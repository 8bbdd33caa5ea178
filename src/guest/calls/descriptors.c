/* The calls that copy and end descriptors, in the program's way and by syscall(). */
#include "epoll/epoll.h"
#include "flow/flow.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool is_ours(int fd) {
    struct entry *e = entry_find(fd);
    return enabled && e && e->kind != KIND_UNKNOWN && !in_vfork_child();
}

#define NO_SLOT UINT32_MAX

/* Before the number goes: the flow's slot when its last descriptor is meant, to be told after the kernel knows. */
static uint32_t before_close(int fd) {
    struct entry *e = entry_find(fd);
    struct connection *c = e->connection;
    struct flow *f = c ? c->flow : NULL;
    bool is_last = c && c->entries == e && !e->next_of_connection;
    /* The kernel's epoll goes on with a closed descriptor while its copies live, here or in other processes. */
    bool lives_on = c && (!is_last || (f && load(&f->header->users) > 1));
    if (lives_on && e->items) {
        keep_on_tcp(fd, c, REASON_CALL);
        epoll_leave_behind(e);
    }
    if (is_last && connection_keep(c, fd)) is_last = false;
    uint32_t slot = f && is_last ? f->slot : NO_SLOT;
    if (slot != NO_SLOT) flow_release(f, fd);
    entry_forget(e);
    return slot;
}

EXPORT int close(int fd) {
    if (enabled && is_hidden(fd)) { /* a vfork child needs them, too: until exec closes them */
        errno = EBADF;
        return -1;
    }
    if (!is_ours(fd)) return real()->close(fd);
    uint32_t slot = before_close(fd);
    int result = real()->close(fd);
    KEEP_ERRNO;
    if (slot != NO_SLOT) flow_closed(slot);
    return result;
}

static void forget_range(unsigned first, unsigned last) {
    struct entry *e;
    for (int cursor = (int)(first < INT_MAX ? first : INT_MAX); (e = entry_each(&cursor)) && (unsigned)e->fd <= last;)
        if ((unsigned)e->fd >= first && e->kind != KIND_UNKNOWN && !is_hidden(e->fd)) close(e->fd);
}

EXPORT int close_range(unsigned first, unsigned last, int flags) {
    if (!enabled || (flags & CLOSE_RANGE_CLOEXEC)) return real()->close_range(first, last, flags);
    if (first <= last && !in_vfork_child()) forget_range(first, last);
    int spare;
    while ((spare = next_hidden(first)) >= 0 && (unsigned)spare <= last) {
        if ((unsigned)spare > first) real()->close_range(first, (unsigned)spare - 1, flags);
        first = (unsigned)spare + 1;
        if (first > last) return 0;
    }
    return real()->close_range(first, last, flags);
}

EXPORT void closefrom(int first) {
    close_range(first < 0 ? 0 : (unsigned)first, ~0u, 0);
}

/* The C library reads and writes the standard streams by itself, and so do programs that come by exec. */
static void before_copy(int from, int to) {
    struct connection *c = connection_of(from);
    if (!c || !enabled) return;
    if (to >= 0 && to <= STDERR_FILENO) keep_for_others(from, c, REASON_STANDARD_STREAM);
    else if (in_vfork_child() && c->flow) keep_for_others(from, c, REASON_HANDED_ON);
}

static int copied(int from, int made) {
    KEEP_ERRNO;
    if (made < 0 || !enabled || in_vfork_child()) return made;
    if (made <= STDERR_FILENO) before_copy(from, made); /* its number was not known before */
    entry_copy(from, made);
    return made;
}

EXPORT int dup(int fd) {
    return copied(fd, real()->dup(fd));
}

static int duplicate_to(int from, int to, int flags, bool three) {
    if (enabled && is_hidden(to) && !in_vfork_child()) {
        errno = EBADF;
        return -1;
    }
    if (from != to) before_copy(from, to);
    bool ends_other = from != to && is_ours(to) && kernel(SYS_fcntl, from, F_GETFD) >= 0;
    uint32_t slot = ends_other ? before_close(to) : NO_SLOT;
    int made = three ? real()->dup3(from, to, flags) : real()->dup2(from, to);
    KEEP_ERRNO;
    if (slot != NO_SLOT) flow_closed(slot);
    return from == to ? made : copied(from, made);
}

EXPORT int dup2(int from, int to) {
    return duplicate_to(from, to, 0, false);
}

EXPORT int dup3(int from, int to, int flags) {
    return duplicate_to(from, to, flags, true);
}

static int control(int fd, int command, void *argument) {
    struct connection *c = connection_of(fd);
    if (c && command == F_SETFL && (long)argument & O_ASYNC) keep_on_tcp(fd, c, REASON_SOCKET_OPTION);
    int result = real()->fcntl(fd, command, argument);
    return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? copied(fd, result) : result;
}

EXPORT int fcntl(int fd, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    return control(fd, command, argument);
}

EXPORT int fcntl64(int fd, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    return control(fd, command, argument);
}

static bool asks_for_bytes(unsigned long request) {
    return request == FIONREAD || request == TIOCOUTQ || request == SIOCATMARK;
}

EXPORT int ioctl(int fd, unsigned long request, ...) {
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    struct connection *c = connection_of(fd);
    if (c && request == FIOASYNC) keep_on_tcp(fd, c, REASON_SOCKET_OPTION);
    int result = real()->ioctl(fd, request, argument);
    struct flow *f = c && result == 0 && asks_for_bytes(request) ? flow_in_use(c) : NULL;
    if (!f) return result;
    int answer; /* which lies where the program wants it, at an odd address, too */
    memcpy(&answer, argument, sizeof answer);
    if (request == SIOCATMARK) answer = answer && !rx_has_unread(f);
    else answer += (int)(request == FIONREAD ? rx_available(f) : VS_RING_BYTES - tx_free(f));
    memcpy(argument, &answer, sizeof answer);
    return result;
}

/* libuv closes by syscall(SYS_close), others read and write so. */
EXPORT long syscall(long number, ...) {
    long a[6];
    va_list rest;
    va_start(rest, number);
    for (int i = 0; i < 6; i++) a[i] = va_arg(rest, long);
    va_end(rest);
    if (enabled) switch (number) {
        case SYS_close: return close((int)a[0]);
        case SYS_close_range: return close_range((unsigned)a[0], (unsigned)a[1], (int)a[2]);
        case SYS_dup: return dup((int)a[0]);
        case SYS_dup2: return dup2((int)a[0], (int)a[1]);
        case SYS_dup3: return dup3((int)a[0], (int)a[1], (int)a[2]);
        case SYS_fcntl: return fcntl((int)a[0], (int)a[1], (void *)a[2]);
        case SYS_read: return read((int)a[0], (void *)a[1], (size_t)a[2]);
        case SYS_write: return write((int)a[0], (void *)a[1], (size_t)a[2]);
        case SYS_readv: return readv((int)a[0], (void *)a[1], (int)a[2]);
        case SYS_writev: return writev((int)a[0], (void *)a[1], (int)a[2]);
        case SYS_accept4: return accept4((int)a[0], (void *)a[1], (void *)a[2], (int)a[3]);
        case SYS_sendto: return sendto((int)a[0], (void *)a[1], (size_t)a[2], (int)a[3], (void *)a[4], (socklen_t)a[5]);
        case SYS_recvfrom: return recvfrom((int)a[0], (void *)a[1], (size_t)a[2], (int)a[3], (void *)a[4], (void *)a[5]);
        case SYS_sendmsg: return sendmsg((int)a[0], (void *)a[1], (int)a[2]);
        case SYS_recvmsg: return recvmsg((int)a[0], (void *)a[1], (int)a[2]);
        case SYS_sendmmsg: return sendmmsg((int)a[0], (void *)a[1], (unsigned)a[2], (int)a[3]);
        case SYS_splice: return splice((int)a[0], (void *)a[1], (int)a[2], (void *)a[3], (size_t)a[4], (unsigned)a[5]);
        case SYS_epoll_ctl: return epoll_ctl((int)a[0], (int)a[1], (int)a[2], (void *)a[3]);
        case SYS_epoll_wait: return epoll_wait((int)a[0], (void *)a[1], (int)a[2], (int)a[3]);
        case SYS_epoll_pwait: return epoll_pwait((int)a[0], (void *)a[1], (int)a[2], (int)a[3], (void *)a[4]);
        case SYS_io_uring_setup: errno = ENOSYS; return -1; /* it would read and write past the library: programs do without */
        case SYS_seccomp: sandbox_begins(); break;
        }
    return real()->syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

SAME_AS(close) int __close(int);
SAME_AS(fcntl) int __fcntl(int, int, ...);
