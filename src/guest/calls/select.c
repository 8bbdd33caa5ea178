/* select, made of poll where flows are in it. A set may be longer than FD_SETSIZE: the kernel takes what it is given. */
#include "poll.h"

#include "channel/channel.h"
#include "flow/flow.h"
#include "wait/wait.h"

#include <stdlib.h>

#define BITS_PER_WORD (8 * (int)sizeof(unsigned long))

struct sets {
    unsigned long *in, *out, *urgent;
};

static bool has(const unsigned long *set, int fd) {
    return set && set[fd / BITS_PER_WORD] >> fd % BITS_PER_WORD & 1;
}

static void remove_from(unsigned long *set, int fd) {
    set[fd / BITS_PER_WORD] &= ~(1ul << fd % BITS_PER_WORD);
}

static short wanted_of(const struct sets *s, int fd) {
    return (short)((has(s->in, fd) ? POLLIN : 0) | (has(s->out, fd) ? POLLOUT : 0) | (has(s->urgent, fd) ? POLLPRI : 0));
}

static nfds_t count_of(const struct sets *s, int limit) {
    nfds_t count = 0;
    for (int fd = 0; fd < limit; fd++) count += wanted_of(s, fd) != 0;
    return count;
}

static void to_poll(const struct sets *s, int limit, struct pollfd *fds) {
    for (int fd = 0; fd < limit; fd++) {
        short events = wanted_of(s, fd);
        if (events) *fds++ = (struct pollfd){fd, events, 0};
    }
}

static int number_of(const struct pollfd *p) {
    return p->fd < 0 ? ~p->fd : p->fd;
}

/* The kernel's POLLIN_SET, POLLOUT_SET and POLLEX_SET of fs/select.c. */
enum { GIVES_IN = POLLIN | POLLHUP | POLLERR, GIVES_OUT = POLLOUT | POLLERR, GIVES_URGENT = POLLPRI };

static int answer(unsigned long *set, const struct pollfd *p, short wanted, short given) {
    if (!set || !(p->events & wanted)) return 0;
    if (p->revents & given) return 1;
    remove_from(set, number_of(p));
    return 0;
}

/* poll tells of errors and of the end whatever it is asked; select only where a set has them. */
static bool is_wanted(const struct pollfd *p) {
    short given = POLLNVAL;
    if (p->events & POLLIN) given |= GIVES_IN;
    if (p->events & POLLOUT) given |= GIVES_OUT;
    if (p->events & POLLPRI) given |= GIVES_URGENT;
    return p->revents & given;
}

/* What is over and of no interest to the call is not looked at again. */
static bool only_unwanted(struct pollfd *fds, nfds_t count) {
    for (nfds_t k = 0; k < count; k++)
        if (is_wanted(&fds[k])) return false;
    for (nfds_t k = 0; k < count; k++)
        if (fds[k].revents) fds[k].fd = ~fds[k].fd;
    return true;
}

static int from_poll(const struct pollfd *fds, nfds_t count, struct sets *s) {
    int total = 0;
    for (nfds_t k = 0; k < count; k++)
        if (fds[k].revents & POLLNVAL) {
            errno = EBADF;
            return -1;
        }
    for (nfds_t k = 0; k < count; k++) {
        total += answer(s->in, &fds[k], POLLIN, GIVES_IN);
        total += answer(s->out, &fds[k], POLLOUT, GIVES_OUT);
        total += answer(s->urgent, &fds[k], POLLPRI, GIVES_URGENT);
    }
    return total;
}

static bool is_sound(int limit, const struct sets *s) {
    if (limit <= 0 || limit > 1 << 24) return false;
    size_t bytes = (size_t)(limit + BITS_PER_WORD - 1) / BITS_PER_WORD * sizeof(long);
    return (!s->in || may_be_memory(s->in, bytes)) && (!s->out || may_be_memory(s->out, bytes)) &&
           (!s->urgent || may_be_memory(s->urgent, bytes));
}

/* The program's call, as it made it. */
struct call {
    int limit;
    fd_set *in, *out, *urgent;
    struct timeval *timeout; /* select's */
    const struct timespec *time;
    const sigset_t *mask;
    bool with_mask;
};

static int by_kernel(const struct call *c) {
    if (c->with_mask) return real()->pselect(c->limit, c->in, c->out, c->urgent, c->time, c->mask);
    return real()->select(c->limit, c->in, c->out, c->urgent, c->timeout);
}

static int select_on(const struct call *c, struct sets *s, struct pollfd *fds, nfds_t count, uint64_t deadline) {
    struct kernel_wait wait;
    to_poll(s, c->limit, fds);
    if (poll_begin(&wait, fds, count) == BY_KERNEL) {
        int n = by_kernel(c);
        poll_end(&wait);
        return n;
    }
    int n;
    do n = poll_flows(fds, count, deadline, c->mask);
    while (n > 0 && only_unwanted(fds, count));
    if (c->timeout && deadline && deadline != NO_DEADLINE) { /* Linux leaves what is left of the time */
        struct timespec left;
        KEEP_ERRNO;
        timeout_until(deadline, NO_DEADLINE, &left);
        *c->timeout = (struct timeval){left.tv_sec, left.tv_nsec / 1000};
    }
    return n < 0 ? n : from_poll(fds, count, s);
}

static int select_call(const struct call *c, const struct timespec *span) {
    struct sets s = {(void *)c->in, (void *)c->out, (void *)c->urgent};
    nfds_t count = enabled && shared_front && is_sound(c->limit, &s) ? count_of(&s, c->limit) : 0;
    if (!count) return by_kernel(c);
    struct pollfd on_stack[ON_STACK], *fds = on_stack;
    if (count > ON_STACK && !(fds = malloc(count * sizeof *fds))) {
        errno = ENOMEM;
        return -1;
    }
    int n = select_on(c, &s, fds, count, poll_deadline(span));
    if (fds != on_stack) {
        KEEP_ERRNO;
        free(fds);
    }
    return n;
}

EXPORT int pselect(int limit, fd_set *in, fd_set *out, fd_set *urgent, const struct timespec *timeout,
                   const sigset_t *mask) {
    struct call c = {limit, in, out, urgent, NULL, timeout, mask, true};
    bool sound = (!mask || may_be_memory(mask, sizeof(uint64_t))) &&
                 (!timeout || (may_be_memory(timeout, sizeof *timeout) && timeout->tv_sec >= 0 &&
                               timeout->tv_nsec >= 0 && timeout->tv_nsec < (long)NS_PER_SECOND));
    return sound ? select_call(&c, timeout) : by_kernel(&c);
}

EXPORT int select(int limit, fd_set *in, fd_set *out, fd_set *urgent, struct timeval *timeout) {
    struct call c = {limit, in, out, urgent, timeout, NULL, NULL, false};
    struct timespec span;
    if (timeout) {
        if (!may_be_memory(timeout, sizeof *timeout) || timeout->tv_sec < 0 || timeout->tv_usec < 0) return by_kernel(&c);
        span = (struct timespec){timeout->tv_sec + timeout->tv_usec / 1000000, timeout->tv_usec % 1000000 * 1000};
    }
    return select_call(&c, timeout ? &span : NULL);
}
