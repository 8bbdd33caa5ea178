/*
 * Handlers that are gone after their first signal. When that has ended a wait, the kernel cannot be asked any more
 * whether it was one that restarts calls.
 */
#include "wait/wait.h"

static void note_handler(int flags) {
    if ((unsigned)flags & SA_RESETHAND && !(flags & SA_RESTART)) store(&one_shot_handlers, true);
}

EXPORT int sigaction(int signal, const struct sigaction *wanted, struct sigaction *before) {
    if (wanted && may_be_memory(wanted, sizeof *wanted)) note_handler(wanted->sa_flags);
    return real()->sigaction(signal, wanted, before);
}

/* What signal() is with -D_XOPEN_SOURCE. */
EXPORT sighandler_t __sysv_signal(int signal, sighandler_t handler) {
    note_handler((int)SA_RESETHAND);
    return real()->__sysv_signal(signal, handler);
}

SAME_AS(__sysv_signal) sighandler_t sysv_signal(int, sighandler_t);

EXPORT int __sigaction(int signal, const struct sigaction *wanted, struct sigaction *before) {
    return sigaction(signal, wanted, before);
}
