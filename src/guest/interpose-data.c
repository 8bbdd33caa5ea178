/* The calls that move bytes. */
#include "internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

EXPORT ssize_t read(int fd, void *buffer, size_t size) {
    struct entry *e = entry_tcp(fd);
    if (!e) return real()->read(fd, buffer, size);
    return transfer_receive(fd, e, &(struct iovec){buffer, size}, 1, 0);
}

EXPORT ssize_t readv(int fd, const struct iovec *iov, int count) {
    struct entry *e = entry_tcp(fd);
    return e ? transfer_receive(fd, e, iov, count, 0) : real()->readv(fd, iov, count);
}

EXPORT ssize_t recv(int fd, void *buffer, size_t size, int flags) {
    struct entry *e = entry_tcp(fd);
    if (!e) return real()->recv(fd, buffer, size, flags);
    return transfer_receive(fd, e, &(struct iovec){buffer, size}, 1, flags);
}

EXPORT ssize_t recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *from, socklen_t *from_size) {
    struct entry *e = entry_tcp(fd);
    if (!e) return real()->recvfrom(fd, buffer, size, flags, from, from_size);
    ssize_t n = transfer_receive(fd, e, &(struct iovec){buffer, size}, 1, flags);
    if (n >= 0 && from && from_size) *from_size = 0; /* as TCP does it */
    return n;
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    struct entry *e = entry_tcp(fd);
    if (e && !(flags & MSG_ERRQUEUE)) {
        ssize_t n = transfer_receive(fd, e, message->msg_iov, (int)message->msg_iovlen, flags);
        if (n >= 0) message->msg_namelen = 0, message->msg_controllen = 0, message->msg_flags = 0;
        return n;
    }
    ssize_t n = real()->recvmsg(fd, message, flags);
    if (n < 0 || !enabled || e) return n;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        for (size_t at = 0; at + sizeof(int) <= part->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
            int received;
            memcpy(&received, CMSG_DATA(part) + at, sizeof received);
            struct entry *new = entry_find(received);
            if (new) entry_forget(new);
        }
    }
    return n;
}

EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout) {
    struct entry *e = entry_tcp(fd);
    if (!e) return real()->recvmmsg(fd, messages, count, flags, timeout);
    for (unsigned k = 0; k < count; k++) {
        ssize_t n = recvmsg(fd, &messages[k].msg_hdr, (flags & ~MSG_WAITFORONE) | (k && (flags & MSG_WAITFORONE) ? MSG_DONTWAIT : 0));
        if (n < 0) return k ? (int)k : -1;
        messages[k].msg_len = (unsigned)n;
        if (n == 0) return (int)k + 1;
    }
    return (int)count;
}

EXPORT ssize_t write(int fd, const void *buffer, size_t size) {
    struct entry *e = entry_tcp(fd);
    if (!e) return real()->write(fd, buffer, size);
    return transfer_send(fd, e, &(struct iovec){(void *)buffer, size}, 1, 0);
}

EXPORT ssize_t writev(int fd, const struct iovec *iov, int count) {
    struct entry *e = entry_tcp(fd);
    return e ? transfer_send(fd, e, iov, count, 0) : real()->writev(fd, iov, count);
}

EXPORT ssize_t send(int fd, const void *buffer, size_t size, int flags) {
    struct entry *e = entry_tcp(fd);
    if (!e) return real()->send(fd, buffer, size, flags);
    return transfer_send(fd, e, &(struct iovec){(void *)buffer, size}, 1, flags);
}

EXPORT ssize_t sendto(int fd, const void *buffer, size_t size, int flags, const struct sockaddr *to, socklen_t to_size) {
    struct entry *e = entry_tcp(fd);
    if (!e || (flags & MSG_FASTOPEN)) return real()->sendto(fd, buffer, size, flags, to, to_size);
    return transfer_send(fd, e, &(struct iovec){(void *)buffer, size}, 1, flags);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    struct entry *e = entry_tcp(fd);
    if (!e || (flags & MSG_FASTOPEN)) return real()->sendmsg(fd, message, flags);
    return transfer_send(fd, e, message->msg_iov, (int)message->msg_iovlen, flags);
}

EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) {
    struct entry *e = entry_tcp(fd);
    if (!e) return real()->sendmmsg(fd, messages, count, flags);
    for (unsigned k = 0; k < count; k++) {
        ssize_t n = sendmsg(fd, &messages[k].msg_hdr, flags);
        if (n < 0) return k ? (int)k : -1;
        messages[k].msg_len = (unsigned)n;
    }
    return (int)count;
}

static bool engaged(struct entry *e, int fd) {
    struct flow *f = e ? flow_for_call(fd, e) : NULL;
    return f && (f->engaged || f->header->guest_state == GUEST_CLAIMED);
}

#define PIECE (64 * 1024)

/* On a claimed flow the file goes through a buffer into the ring (or TCP, until the ring starts). */
static ssize_t send_file(int out, struct entry *e, int in, off_t *offset, size_t count) {
    uint8_t *buffer = malloc(PIECE);
    size_t done = 0;
    off_t at = offset ? *offset : lseek(in, 0, SEEK_CUR);
    if (!buffer) return -1;
    while (done < count) {
        size_t piece = count - done < PIECE ? count - done : PIECE;
        ssize_t got = pread(in, buffer, piece, at), sent;
        if (got <= 0) {
            if (got < 0 && !done) done = (size_t)-1;
            break;
        }
        sent = transfer_send(out, e, &(struct iovec){buffer, (size_t)got}, 1, 0);
        if (sent < 0) {
            if (!done) done = (size_t)-1;
            break;
        }
        done += (size_t)sent;
        at += sent;
        if (sent < got) break;
    }
    int saved = errno;
    free(buffer);
    if (offset) *offset = at;
    else if (done != (size_t)-1) lseek(in, at, SEEK_SET);
    errno = saved;
    return (ssize_t)done;
}

EXPORT ssize_t sendfile(int out, int in, off_t *offset, size_t count) {
    struct entry *e = entry_tcp(out);
    if (engaged(e, out)) return send_file(out, e, in, offset, count);
    if (!e) return real()->sendfile(out, in, offset, count);
    __atomic_fetch_add(&e->sending, 1, __ATOMIC_SEQ_CST);
    ssize_t n = real()->sendfile(out, in, offset, count);
    __atomic_fetch_sub(&e->sending, 1, __ATOMIC_SEQ_CST);
    if (n > 0) e->bytes += (uint64_t)n;
    return n;
}

EXPORT ssize_t sendfile64(int out, int in, off_t *offset, size_t count) {
    return sendfile(out, in, offset, count);
}

/* Between a pipe and a claimed flow: the pipe's bytes are taken only when the ring has taken them, and the reverse. */
static ssize_t splice_flow(int in, int out, size_t count, unsigned flags) {
    struct entry *source = entry_tcp(in), *target = entry_tcp(out);
    uint8_t buffer[PIECE];
    if (count > PIECE) count = PIECE;
    if (source) {
        int room = 0, held = 0;
        if ((room = real()->fcntl(out, F_GETPIPE_SZ)) < 0) return -1;
        real()->ioctl(out, 0x541B /* FIONREAD */, &held);
        if (room - held <= 0 && (flags & SPLICE_F_NONBLOCK)) {
            errno = EAGAIN;
            return -1;
        }
        size_t take = room > held && (size_t)(room - held) < count ? (size_t)(room - held) : count;
        ssize_t n = transfer_receive(in, source, &(struct iovec){buffer, take}, 1, flags & SPLICE_F_NONBLOCK ? MSG_DONTWAIT : 0);
        for (ssize_t put = 0; put < n;) {
            ssize_t w = real()->write(out, buffer + put, (size_t)(n - put));
            if (w < 0 && errno == EAGAIN) real()->poll(&(struct pollfd){out, POLLOUT, 0}, 1, -1);
            else if (w < 0) return -1;
            else put += w;
        }
        return n;
    }
    ssize_t n = real()->read(in, buffer, count);
    for (ssize_t put = 0; put < n;) {
        ssize_t w = transfer_send(out, target, &(struct iovec){buffer + put, (size_t)(n - put)}, 1, 0);
        if (w < 0 && errno == EAGAIN) poll(&(struct pollfd){out, POLLOUT, 0}, 1, -1);
        else if (w < 0) return -1;
        else put += w;
    }
    return n;
}

EXPORT ssize_t splice(int in, loff_t *in_offset, int out, loff_t *out_offset, size_t count, unsigned flags) {
    struct entry *source = entry_tcp(in), *target = entry_tcp(out);
    if (!in_offset && !out_offset && (engaged(source, in) || engaged(target, out)))
        return splice_flow(in, out, count, flags);
    if (target) __atomic_fetch_add(&target->sending, 1, __ATOMIC_SEQ_CST);
    ssize_t n = real()->splice(in, in_offset, out, out_offset, count, flags);
    if (target) __atomic_fetch_sub(&target->sending, 1, __ATOMIC_SEQ_CST);
    return n;
}

EXPORT ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room) {
    if (size > room) abort();
    return read(fd, buffer, size);
}

EXPORT ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t room, int flags) {
    if (size > room) abort();
    return recv(fd, buffer, size, flags);
}

EXPORT ssize_t __recvfrom_chk(int fd, void *buffer, size_t size, size_t room, int flags, struct sockaddr *from,
                              socklen_t *from_size) {
    if (size > room) abort();
    return recvfrom(fd, buffer, size, flags, from, from_size);
}
