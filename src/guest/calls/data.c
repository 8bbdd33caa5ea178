/*
 * The calls that move bytes. On a socket that is no flow in a ring, the program's call is the kernel's: the same call
 * with the same arguments, and no other.
 */
#include "flow/flow.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#define MOST_PIECES 1024 /* UIO_MAXIOV of the kernel */

/*
 * NULL: the kernel's. While it has a thread there, the other end sends nothing in a ring: it could not be woken. A
 * thread that is cancelled in the kernel stays counted, and the connection on TCP.
 */
static struct flow *receive_begin(int fd, struct connection *c) {
    struct flow *f = flow_for_call(fd, c);
    if (!f) {
        add_to(&c->receiving, 1);
        if (!(f = flow_in_use(c))) return NULL;
        connection_end_call(c, &c->receiving);
    }
    flow_reader_knows(f);
    return f;
}

static struct flow *send_begin(int fd, struct connection *c) {
    struct flow *f = flow_for_call(fd, c);
    if (f) return f;
    add_to(&c->sending, 1);
    if (!(f = flow_in_use(c))) return NULL;
    connection_end_call(c, &c->sending);
    return f;
}

static ssize_t end_call(struct connection *c, uint32_t *counter, ssize_t n) {
    if (n > 0) count_by(&c->bytes, (uint64_t)n);
    connection_end_call(c, counter);
    return n;
}

#define RECEIVE_BY_KERNEL(call) end_call(c, &c->receiving, (call))
#define SEND_BY_KERNEL(call) end_call(c, &c->sending, (call))

static struct connection *data_connection(int fd) {
    struct connection *c = connection_of(fd);
    return c && !(c->flow && c->flow->plain) && !(c->never && !c->flow) ? c : NULL;
}

static ssize_t refuse(int error) {
    errno = error;
    return -1;
}

/* What the kernel says of a vector before it looks at the socket; 0: it is good. */
static int vector_error(const struct iovec *iov, size_t count, int too_many) {
    if (count > MOST_PIECES) return too_many;
    return count && !may_be_memory(iov, count * sizeof *iov) ? EFAULT : 0;
}

EXPORT ssize_t read(int fd, void *buffer, size_t size) {
    struct connection *c = data_connection(fd);
    if (!c) return real()->read(fd, buffer, size);
    struct flow *f = receive_begin(fd, c);
    if (!f) return RECEIVE_BY_KERNEL(real()->read(fd, buffer, size));
    return flow_receive(fd, f, &(struct iovec){buffer, size}, 1, 0, AS_READ);
}

EXPORT ssize_t readv(int fd, const struct iovec *iov, int count) {
    struct connection *c = data_connection(fd);
    if (!c) return real()->readv(fd, iov, count);
    struct flow *f = receive_begin(fd, c);
    if (!f) return RECEIVE_BY_KERNEL(real()->readv(fd, iov, count));
    int error = vector_error(iov, (size_t)(unsigned)count, EINVAL);
    return error ? refuse(error) : flow_receive(fd, f, iov, count, 0, AS_READ);
}

/* A look that waits until it sees more than is there: a ring wakes its reader for whatever comes. */
static bool look_waits_for_more(struct flow *f, int flags) {
    if (!(flags & MSG_PEEK) || flags & (MSG_DONTWAIT | MSG_OOB | MSG_ERRQUEUE)) return false;
    return flags & MSG_WAITALL || load(&f->header->low_water) > 1;
}

/*
 * A flag that rings do not carry takes the flow back to TCP before the call. What is still unread in the ring then is
 * read from there, without the flag, as the kernel does it with flags that mean nothing to TCP.
 */
static struct flow *receive_with_flags(int fd, struct connection *c, int flags) {
    struct flow *f = receive_begin(fd, c);
    bool of_kernel = flags & (MSG_OOB | MSG_ERRQUEUE), waits = f && look_waits_for_more(f, flags);
    if (!f || (carries_receive_flags(flags) && !waits) || (flow_is_dead(f) && !of_kernel)) return f;
    if (waits) keep_whole(fd, c, REASON_CALL);
    else keep_on_tcp(fd, c, flags & MSG_OOB ? REASON_URGENT_DATA : REASON_CALL);
    if (!f->plain && !of_kernel) return f;
    add_to(&c->receiving, 1);
    return NULL;
}

EXPORT ssize_t recv(int fd, void *buffer, size_t size, int flags) {
    struct connection *c = data_connection(fd);
    if (!c) return real()->recv(fd, buffer, size, flags);
    struct flow *f = receive_with_flags(fd, c, flags);
    if (!f) return RECEIVE_BY_KERNEL(real()->recv(fd, buffer, size, flags));
    return flow_receive(fd, f, &(struct iovec){buffer, size}, 1, flags, AS_RECV);
}

EXPORT ssize_t recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *from, socklen_t *from_size) {
    struct connection *c = data_connection(fd);
    if (!c) return real()->recvfrom(fd, buffer, size, flags, from, from_size);
    struct flow *f = receive_with_flags(fd, c, flags);
    if (!f) return RECEIVE_BY_KERNEL(real()->recvfrom(fd, buffer, size, flags, from, from_size));
    ssize_t n = flow_receive(fd, f, &(struct iovec){buffer, size}, 1, flags, AS_RECV);
    if (n < 0 || !from) return n;
    if (!from_size || !may_be_memory(from_size, sizeof *from_size)) return refuse(EFAULT);
    if ((int)*from_size < 0) return refuse(EINVAL);
    *from_size = 0; /* TCP tells no address */
    return n;
}

static ssize_t receive_message(int fd, struct flow *f, struct msghdr *message, int flags) {
    int error = vector_error(message->msg_iov, message->msg_iovlen, EMSGSIZE);
    if (error) return refuse(error);
    ssize_t n = flow_receive(fd, f, message->msg_iov, (int)message->msg_iovlen, flags, AS_RECV);
    if (n < 0) return n;
    if (message->msg_name) message->msg_namelen = 0;
    message->msg_controllen = 0;
    message->msg_flags = flags & MSG_CMSG_CLOEXEC;
    return n;
}

/* Descriptors that came in a message: other processes may have them, and what they are is not known yet. */
static void take_descriptors(struct msghdr *message) {
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        for (size_t at = CMSG_LEN(0); at + sizeof(int) <= part->cmsg_len; at += sizeof(int)) {
            int received;
            memcpy(&received, (uint8_t *)part + at, sizeof received);
            struct connection *c = connection_new(received, DIRECTION_IN);
            if (c) c->shared = c->unsure = 1;
        }
    }
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    struct connection *c = data_connection(fd);
    if (!c) {
        ssize_t n = real()->recvmsg(fd, message, flags);
        if (n >= 0 && enabled && message->msg_controllen) take_descriptors(message);
        return n;
    }
    struct flow *f = may_be_memory(message, sizeof *message) ? receive_with_flags(fd, c, flags) : NULL;
    if (f) return receive_message(fd, f, message, flags);
    if (!may_be_memory(message, sizeof *message)) return real()->recvmsg(fd, message, flags);
    return RECEIVE_BY_KERNEL(real()->recvmsg(fd, message, flags));
}

EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout) {
    struct connection *c = data_connection(fd);
    if (!c || !may_be_memory(messages, sizeof *messages)) return real()->recvmmsg(fd, messages, count, flags, timeout);
    struct flow *f = receive_with_flags(fd, c, flags & ~MSG_WAITFORONE);
    if (f && timeout) {
        keep_on_tcp(fd, c, REASON_CALL);
        add_to(&c->receiving, 1);
        f = NULL;
    }
    if (!f) {
        int n = real()->recvmmsg(fd, messages, count, flags, timeout);
        for (int k = 0; k < n; k++) count_by(&c->bytes, messages[k].msg_len);
        connection_end_call(c, &c->receiving);
        return n;
    }
    if (!flow_is_dead(f)) tcp_broke(fd, f);
    int error = flow_is_dead(f) ? flow_take_error(f) : 0;
    if (error) return (int)refuse(error); /* the kernel tells it here before bytes that are unread */
    unsigned k = 0;
    for (; k < count && k < MOST_PIECES; k++) {
        int now = (flags & ~MSG_WAITFORONE) | (k && (flags & MSG_WAITFORONE) ? MSG_DONTWAIT : 0);
        bool good = may_be_memory(&messages[k], sizeof *messages);
        ssize_t n = good ? receive_message(fd, f, &messages[k].msg_hdr, now) : refuse(EFAULT);
        if (n < 0) {
            if (k) flow_note_error(f, false);
            return k ? (int)k : -1;
        }
        messages[k].msg_len = (unsigned)n;
    }
    return (int)k;
}

EXPORT ssize_t write(int fd, const void *buffer, size_t size) {
    struct connection *c = data_connection(fd);
    if (!c) return real()->write(fd, buffer, size);
    struct flow *f = send_begin(fd, c);
    if (!f) return SEND_BY_KERNEL(real()->write(fd, buffer, size));
    return flow_send(fd, f, &(struct iovec){(void *)buffer, size}, 1, 0);
}

EXPORT ssize_t writev(int fd, const struct iovec *iov, int count) {
    struct connection *c = data_connection(fd);
    if (!c) return real()->writev(fd, iov, count);
    struct flow *f = send_begin(fd, c);
    if (!f) return SEND_BY_KERNEL(real()->writev(fd, iov, count));
    int error = vector_error(iov, (size_t)(unsigned)count, EINVAL);
    if (error) return refuse(error);
    return vector_length(iov, count) == 0 ? 0 : flow_send(fd, f, iov, count, 0); /* the kernel asks no socket for that */
}

/* Flags that rings do not carry are the kernel's: the flow goes back to TCP before the call. */
static struct flow *send_carried(int fd, struct connection *c, bool carried, enum reason why) {
    if (!carried && !c->flow && why == REASON_URGENT_DATA) keep_on_tcp(fd, c, why);
    struct flow *f = send_begin(fd, c);
    if (!f || carried || flow_is_dead(f)) return f;
    keep_on_tcp(fd, c, why);
    flow_pay(fd, f);
    add_to(&c->sending, 1);
    return NULL;
}

static struct flow *send_with_flags(int fd, struct connection *c, int flags) {
    return send_carried(fd, c, carries_send_flags(flags), flags & MSG_OOB ? REASON_URGENT_DATA : REASON_CALL);
}

EXPORT ssize_t send(int fd, const void *buffer, size_t size, int flags) {
    struct connection *c = data_connection(fd);
    if (!c) return real()->send(fd, buffer, size, flags);
    struct flow *f = send_with_flags(fd, c, flags);
    if (!f) return SEND_BY_KERNEL(real()->send(fd, buffer, size, flags));
    return flow_send(fd, f, &(struct iovec){(void *)buffer, size}, 1, flags);
}

/* TCP does not use an address to send to, but the kernel reads it. */
static int address_error(const void *to, socklen_t size) {
    if (!to || size == 0) return 0;
    if (size > sizeof(struct sockaddr_storage)) return EINVAL;
    return may_be_memory(to, size) ? 0 : EFAULT;
}

EXPORT ssize_t sendto(int fd, const void *buffer, size_t size, int flags, const struct sockaddr *to, socklen_t to_size) {
    struct connection *c = data_connection(fd);
    if (!c) return real()->sendto(fd, buffer, size, flags, to, to_size);
    struct flow *f = send_with_flags(fd, c, flags);
    if (!f) return SEND_BY_KERNEL(real()->sendto(fd, buffer, size, flags, to, to_size));
    int error = address_error(to, to_size);
    if (error) return refuse(error);
    return flow_send(fd, f, &(struct iovec){(void *)buffer, size}, 1, flags);
}

static ssize_t send_message(int fd, struct flow *f, const struct msghdr *message, int flags) {
    int error = vector_error(message->msg_iov, message->msg_iovlen, EMSGSIZE);
    if (!error && message->msg_name) {
        socklen_t most = sizeof(struct sockaddr_storage), size = message->msg_namelen;
        error = (int)size < 0 ? EINVAL : address_error(message->msg_name, size < most ? size : most);
    }
    return error ? refuse(error) : flow_send(fd, f, message->msg_iov, (int)message->msg_iovlen, flags);
}

/* Whoever gets a descriptor in a message may read and write it by the kernel alone. */
static void hand_on_descriptors(const struct msghdr *message) {
    struct msghdr *m = (struct msghdr *)message;
    if (!message->msg_controllen || !may_be_memory(message->msg_control, message->msg_controllen)) return;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(m); part; part = CMSG_NXTHDR(m, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        for (size_t at = CMSG_LEN(0); at + sizeof(int) <= part->cmsg_len; at += sizeof(int)) {
            int sent;
            memcpy(&sent, (uint8_t *)part + at, sizeof sent);
            struct connection *c = connection_of(sent);
            if (c) flow_before_message(c);
        }
    }
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    struct connection *c = data_connection(fd);
    bool readable = may_be_memory(message, sizeof *message);
    if (!c) {
        if (enabled && readable && message->msg_controllen) hand_on_descriptors(message);
        return real()->sendmsg(fd, message, flags);
    }
    if (!readable) return real()->sendmsg(fd, message, flags);
    bool carried = carries_send_flags(flags) && !message->msg_controllen;
    struct flow *f = send_carried(fd, c, carried, flags & MSG_OOB ? REASON_URGENT_DATA : REASON_CALL);
    if (!f) return SEND_BY_KERNEL(real()->sendmsg(fd, message, flags));
    return send_message(fd, f, message, flags);
}

EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) {
    struct connection *c = data_connection(fd);
    if (!c || !may_be_memory(messages, sizeof *messages)) return real()->sendmmsg(fd, messages, count, flags);
    struct flow *f = send_with_flags(fd, c, flags);
    if (!f) {
        int n = real()->sendmmsg(fd, messages, count, flags);
        for (int k = 0; k < n; k++) count_by(&c->bytes, messages[k].msg_len);
        connection_end_call(c, &c->sending);
        return n;
    }
    unsigned k = 0;
    for (; k < count && k < MOST_PIECES; k++) {
        bool good = may_be_memory(&messages[k], sizeof *messages);
        ssize_t n = good ? send_message(fd, f, &messages[k].msg_hdr, flags) : refuse(EFAULT);
        if (n < 0) return k ? (int)k : -1;
        messages[k].msg_len = (unsigned)n;
    }
    return (int)k;
}

/* Positions mean nothing on a socket, and the flags are other ones: the kernel answers, but for what a ring still has. */
EXPORT ssize_t preadv2(int fd, const struct iovec *iov, int count, off_t offset, int flags) {
    struct connection *c = data_connection(fd);
    if (c) keep_on_tcp(fd, c, REASON_CALL);
    struct flow *f = c ? flow_in_use(c) : NULL;
    if (!f || offset != -1 || vector_error(iov, (size_t)(unsigned)count, EINVAL))
        return real()->preadv2(fd, iov, count, offset, flags);
    return flow_receive(fd, f, iov, count, flags & RWF_NOWAIT ? MSG_DONTWAIT : 0, AS_READ);
}

EXPORT ssize_t pwritev2(int fd, const struct iovec *iov, int count, off_t offset, int flags) {
    struct connection *c = data_connection(fd);
    if (c) keep_on_tcp(fd, c, REASON_CALL);
    struct flow *f = c ? flow_in_use(c) : NULL;
    if (f && flow_is_dead(f) && !vector_error(iov, (size_t)(unsigned)count, EINVAL) && vector_length(iov, count) > 0)
        return flow_send(fd, f, NULL, 0, 0);
    if (f) flow_pay(fd, f);
    return real()->pwritev2(fd, iov, count, offset, flags);
}

EXPORT ssize_t preadv64v2(int fd, const struct iovec *iov, int count, off64_t offset, int flags) {
    return preadv2(fd, iov, count, offset, flags);
}

EXPORT ssize_t pwritev64v2(int fd, const struct iovec *iov, int count, off64_t offset, int flags) {
    return pwritev2(fd, iov, count, offset, flags);
}

/* The C library's checked variants end a program that would overrun its buffer; so does this one. */
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

/* Other names that the C library has for some of these. */
SAME_AS(read) ssize_t __read(int, void *, size_t);
SAME_AS(write) ssize_t __write(int, const void *, size_t);
SAME_AS(send) ssize_t __send(int, const void *, size_t, int);
