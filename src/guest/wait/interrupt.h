/*
 * Signals end calls that wait, as the kernel has it in signal(7): a handler without SA_RESTART ends each, any handler ends
 * poll, epoll, select and what has a time limit. One that runs while a call spins must end it too: handlers are counted
 * (calls/signals.c), and none runs between the last look at the count and the kernel's sleep.
 */
#ifndef VSOCKET_INTERRUPT_H
#define VSOCKET_INTERRUPT_H

#include "platform/platform.h"

#include <signal.h>

/* Handlers that ran in this thread; and those of them without SA_RESTART. */
struct handled {
    uint32_t all, ending;
};
extern __thread struct handled signals_handled __attribute__((tls_model("initial-exec")));

/* Whether a handler ran since `before` that ends a call; `any`: of those that every handler ends. */
static inline bool is_interrupted(struct handled before, bool any) {
    return any ? signals_handled.all != before.all : signals_handled.ending != before.ending;
}
/* The same when the kernel said EINTR: it may have run handlers that the library knows nothing of. */
bool ends_by_signal(struct handled before, bool any);

/* What an interrupted call returns. Nothing else may leave EINTR in errno: CPython takes it for an answer by itself. */
static inline int interrupted(void) {
    errno = EINTR;
    return -1;
}

/* From here on signals wait for the kernel's sleep, which gets `mask`. */
void signals_hold(sigset_t *mask);
void signals_let_go(const sigset_t *mask);

#endif
