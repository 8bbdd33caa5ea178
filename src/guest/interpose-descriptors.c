/* The calls that copy and end descriptors, in the program's way and by syscall(). */
#include "internal.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool is_ours(int fd) {
    if (!enabled || in_vfork_child()) return false;
    struct entry *e = entry_find(fd);
    return e && e->kind != KIND_UNKNOWN;
}

/* Before the number goes: the flow when its last descriptor is meant, to be told after the kernel knows. */
static struct flow *before_close(int fd) {
    struct entry *e = entry_find(fd);
    struct flow *f = e->flow;
    if (f) flow_release(f, e, fd);
    entry_forget(e);
    return f;
}

EXPORT int close(int fd) {
    if (!is_ours(fd)) return real()->close(fd);
    if (is_hidden(fd)) {
        errno = EBADF;
        return -1;
    }
    struct flow *f = before_close(fd);
    int result = real()->close(fd), saved = errno;
    if (f) flow_closed(f);
    errno = saved;
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
    while ((spare = in_vfork_child() ? -1 : next_hidden(first)) >= 0 && (unsigned)spare <= last) {
        if ((unsigned)spare > first) real()->close_range(first, (unsigned)spare - 1, flags);
        first = (unsigned)spare + 1;
        if (first > last) return 0;
    }
    return real()->close_range(first, last, flags);
}

EXPORT void closefrom(int first) {
    close_range(first < 0 ? 0 : (unsigned)first, ~0u, 0);
}

EXPORT int dup(int fd) {
    int made = real()->dup(fd);
    if (made >= 0 && enabled && !in_vfork_child()) entry_copy(fd, made);
    return made;
}

static int duplicate_to(int from, int to, int flags, bool three) {
    if (enabled && is_hidden(to) && !in_vfork_child()) {
        errno = EBADF;
        return -1;
    }
    struct flow *f = from != to && is_ours(to) && fcntl(from, F_GETFD) >= 0 ? before_close(to) : NULL;
    int made = three ? real()->dup3(from, to, flags) : real()->dup2(from, to), saved = errno;
    if (f) flow_closed(f);
    if (made >= 0 && from != to && enabled && !in_vfork_child()) entry_copy(from, made);
    errno = saved;
    return made;
}

EXPORT int dup2(int from, int to) {
    return duplicate_to(from, to, 0, false);
}

EXPORT int dup3(int from, int to, int flags) {
    return duplicate_to(from, to, flags, true);
}

static int control(int fd, int command, void *argument) {
    int result = real()->fcntl(fd, command, argument);
    if ((command == F_DUPFD || command == F_DUPFD_CLOEXEC) && result >= 0 && enabled && !in_vfork_child())
        entry_copy(fd, result);
    return result;
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
        case SYS_read: return read((int)a[0], (void *)a[1], (size_t)a[2]);
        case SYS_write: return write((int)a[0], (void *)a[1], (size_t)a[2]);
        case SYS_accept4: return accept4((int)a[0], (void *)a[1], (void *)a[2], (int)a[3]);
        case SYS_sendto: return sendto((int)a[0], (void *)a[1], (size_t)a[2], (int)a[3], (void *)a[4], (socklen_t)a[5]);
        case SYS_recvfrom: return recvfrom((int)a[0], (void *)a[1], (size_t)a[2], (int)a[3], (void *)a[4], (void *)a[5]);
        case SYS_sendmsg: return sendmsg((int)a[0], (void *)a[1], (int)a[2]);
        case SYS_recvmsg: return recvmsg((int)a[0], (void *)a[1], (int)a[2]);
        case SYS_sendmmsg: return sendmmsg((int)a[0], (void *)a[1], (unsigned)a[2], (int)a[3]);
        }
    return real()->syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static ssize_t stream_read(void *fd, char *buffer, size_t size) {
    return read((int)(intptr_t)fd, buffer, size);
}

static ssize_t stream_write(void *fd, const char *buffer, size_t size) {
    ssize_t n = write((int)(intptr_t)fd, buffer, size);
    return n < 0 ? 0 : n;
}

static int stream_close(void *fd) {
    return close((int)(intptr_t)fd);
}

/* A stdio stream reads and writes inside the C library, past this one: give it one that comes through here. */
EXPORT FILE *fdopen(int fd, const char *mode) {
    if (!entry_tcp(fd)) return real()->fdopen(fd, mode);
    cookie_io_functions_t functions = {stream_read, stream_write, NULL, stream_close};
    FILE *stream = fopencookie((void *)(intptr_t)fd, mode, functions);
    if (stream) stream->_fileno = fd;
    return stream;
}
