/* poll on descriptors of which some are flows; select is made of it. */
#ifndef VSOCKET_POLL_H
#define VSOCKET_POLL_H

#include "platform/platform.h"

/* Arrays of a call: on the stack while they are short. */
#define ON_STACK 256

enum poll_verdict {
    BY_KERNEL, /* no flow is in a ring: the program's own call */
    BY_LIBRARY
};
/* The connections among the descriptors of a call that the kernel makes: while it lasts, none of them is read in a ring. */
struct connection;
struct kernel_wait {
    struct connection **counted;
    size_t count;
    struct connection *on_stack[ON_STACK];
};
enum poll_verdict poll_begin(struct kernel_wait *wait, const struct pollfd *fds, nfds_t count);
void poll_end(struct kernel_wait *wait);
int poll_flows(struct pollfd *fds, nfds_t count, uint64_t deadline, const sigset_t *mask);
uint64_t poll_deadline(const struct timespec *timeout);

#endif
