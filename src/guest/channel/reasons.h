/*
 * Why a connection stays on TCP, goes back there for good, or ends: what the operator is told. In the order of
 * src/channel/guest-reasons.ts (a test compares the two).
 */
#ifndef VSOCKET_REASONS_H
#define VSOCKET_REASONS_H

enum reason {
    REASON_SHORT,           /* not used enough yet */
    REASON_NOT_CARRIED,     /* it is nothing that two VMs could share rings for */
    REASON_NO_ROOM,         /* no slot, or no memory for it */
    REASON_EXCLUDED,        /* the guest's owner does not want it */
    REASON_SHARED,          /* several processes had it before it was worth a ring */
    REASON_STANDARD_STREAM, /* descriptor 0, 1 or 2: the C library uses these by itself */
    REASON_STDIO,           /* a FILE or dprintf() */
    REASON_HANDED_ON,       /* by exec or in a message */
    REASON_INHERITED,       /* by exec, from a program of which nothing is known */
    REASON_SOCKET_OPTION,
    REASON_CALL, /* a call or a flag that rings do not carry */
    REASON_URGENT_DATA,
    REASON_SANDBOX,
    REASON_SHARED_EPOLL, /* an epoll instance that several processes use */
    REASON_BEHIND_LIBRARY,
    REASONS
};

#endif
