/*
 * What rings carry exactly, in tables. Whatever is not here is TCP's: a connection that uses it stays there, or goes back
 * before the call is made. A call that is not carried goes through keep_on_tcp() where it is defined, in calls/.
 */
#include "flow.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#define RECEIVE_FLAGS (MSG_DONTWAIT | MSG_PEEK | MSG_WAITALL | MSG_TRUNC | MSG_NOSIGNAL | MSG_CMSG_CLOEXEC)
#define SEND_FLAGS (MSG_DONTWAIT | MSG_NOSIGNAL | MSG_EOR)

bool carries_receive_flags(int flags) {
    return !(flags & ~RECEIVE_FLAGS);
}

bool carries_send_flags(int flags) {
    return !(flags & ~SEND_FLAGS);
}

/* Newer than the C library's headers. */
enum { SOL_OPTION_TIMESTAMP_NEW = 63, SOL_OPTION_TIMESTAMPNS_NEW = 64, SOL_OPTION_TIMESTAMPING_NEW = 65 };

/* What value of an option leaves the bytes of a stream, and when they come, as rings have them. */
enum carried_when { ALWAYS, WHEN_ZERO, WHEN_AT_MOST_ONE, WHEN_NEGATIVE };

static const struct {
    int level, option;
    enum carried_when when;
} options[] = {
    {SOL_SOCKET, SO_DEBUG, ALWAYS},
    {SOL_SOCKET, SO_REUSEADDR, ALWAYS},
    {SOL_SOCKET, SO_REUSEPORT, ALWAYS},
    {SOL_SOCKET, SO_DONTROUTE, ALWAYS},
    {SOL_SOCKET, SO_BROADCAST, ALWAYS},
    {SOL_SOCKET, SO_SNDBUF, ALWAYS},
    {SOL_SOCKET, SO_RCVBUF, ALWAYS},
    {SOL_SOCKET, SO_SNDBUFFORCE, ALWAYS},
    {SOL_SOCKET, SO_RCVBUFFORCE, ALWAYS},
    {SOL_SOCKET, SO_KEEPALIVE, ALWAYS},
    {SOL_SOCKET, SO_PRIORITY, ALWAYS},
    {SOL_SOCKET, SO_MARK, ALWAYS},
    {SOL_SOCKET, SO_PASSCRED, ALWAYS},
    {SOL_SOCKET, SO_RCVTIMEO, ALWAYS},
    {SOL_SOCKET, SO_SNDTIMEO, ALWAYS},
    {SOL_SOCKET, SO_BINDTODEVICE, ALWAYS},
    {SOL_SOCKET, SO_BUSY_POLL, ALWAYS},
    {SOL_SOCKET, SO_INCOMING_CPU, ALWAYS},
    {SOL_SOCKET, SO_LINGER, ALWAYS}, /* linger() of claim.c waits for the ring */
    {SOL_SOCKET, SO_RCVLOWAT, WHEN_AT_MOST_ONE},
    {SOL_SOCKET, SO_PEEK_OFF, WHEN_NEGATIVE},
    {SOL_SOCKET, SO_ZEROCOPY, WHEN_ZERO},
    {SOL_SOCKET, SO_OOBINLINE, WHEN_ZERO},
    {SOL_SOCKET, SO_TIMESTAMP, WHEN_ZERO},
    {SOL_SOCKET, SO_TIMESTAMPNS, WHEN_ZERO},
    {SOL_SOCKET, SO_TIMESTAMPING, WHEN_ZERO},
    {SOL_SOCKET, SOL_OPTION_TIMESTAMP_NEW, WHEN_ZERO},
    {SOL_SOCKET, SOL_OPTION_TIMESTAMPNS_NEW, WHEN_ZERO},
    {SOL_SOCKET, SOL_OPTION_TIMESTAMPING_NEW, WHEN_ZERO},
    {IPPROTO_TCP, TCP_NODELAY, ALWAYS},
    {IPPROTO_TCP, TCP_MAXSEG, ALWAYS},
    {IPPROTO_TCP, TCP_KEEPIDLE, ALWAYS},
    {IPPROTO_TCP, TCP_KEEPINTVL, ALWAYS},
    {IPPROTO_TCP, TCP_KEEPCNT, ALWAYS},
    {IPPROTO_TCP, TCP_SYNCNT, ALWAYS},
    {IPPROTO_TCP, TCP_LINGER2, ALWAYS},
    {IPPROTO_TCP, TCP_DEFER_ACCEPT, ALWAYS},
    {IPPROTO_TCP, TCP_WINDOW_CLAMP, ALWAYS},
    {IPPROTO_TCP, TCP_QUICKACK, ALWAYS},
    {IPPROTO_TCP, TCP_CONGESTION, ALWAYS},
    {IPPROTO_TCP, TCP_FASTOPEN, ALWAYS},
    {IPPROTO_TCP, TCP_FASTOPEN_CONNECT, ALWAYS},
    {IPPROTO_TCP, TCP_CORK, WHEN_ZERO},
    {IPPROTO_TCP, TCP_USER_TIMEOUT, WHEN_ZERO},
    {IPPROTO_TCP, TCP_NOTSENT_LOWAT, WHEN_ZERO},
    {IPPROTO_TCP, TCP_OPTION_INQ, WHEN_ZERO},
    {IPPROTO_IP, IP_TOS, ALWAYS},
    {IPPROTO_IP, IP_TTL, ALWAYS},
    {IPPROTO_IP, IP_MTU_DISCOVER, ALWAYS},
    {IPPROTO_IPV6, IPV6_V6ONLY, ALWAYS},
    {IPPROTO_IPV6, IPV6_TCLASS, ALWAYS},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, ALWAYS},
};
#define OPTIONS (sizeof options / sizeof *options)

static bool is_carried(enum carried_when when, const void *value, socklen_t size) {
    int number;
    if (when == ALWAYS || size < sizeof number || !may_be_memory(value, size)) return true; /* else the kernel refuses it */
    memcpy(&number, value, sizeof number);
    switch (when) {
    case WHEN_ZERO: return number == 0;
    case WHEN_AT_MOST_ONE: return number == 0 || number == 1;
    case WHEN_NEGATIVE: return number < 0;
    default: return true;
    }
}

bool carries_option(int level, int option, const void *value, socklen_t size) {
    for (size_t i = 0; i < OPTIONS; i++)
        if (options[i].level == level && options[i].option == option) return is_carried(options[i].when, value, size);
    return false;
}

bool carries_socket(int fd) {
    uint8_t value[64];
    for (size_t i = 0; i < OPTIONS; i++) {
        socklen_t size = sizeof value;
        if (options[i].when == ALWAYS) continue;
        if (kernel(SYS_getsockopt, fd, options[i].level, options[i].option, value, &size) != 0) continue; /* not known here */
        if (!is_carried(options[i].when, value, size)) return false;
    }
    char protocol[16];
    socklen_t size = sizeof protocol;
    bool has_upper = kernel(SYS_getsockopt, fd, IPPROTO_TCP, TCP_ULP, protocol, &size) == 0 && size > 0;
    return !has_upper && !(kernel(SYS_fcntl, fd, F_GETFL) & O_ASYNC);
}
