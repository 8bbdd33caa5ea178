/*
 * The program's handlers, each behind one of the library's that counts (wait/interrupt.h). The program sees its own when it
 * asks. A handler that is installed past the C library is not counted: it ends a sleep, and no spin.
 */
#include "channel/channel.h"
#include "wait/interrupt.h"

struct given {
    void *handler;
    int flags;
};
/* As the program gave them, by signal. */
static struct given given[NSIG];

static void relay(int signal, siginfo_t *information, void *context) {
    struct given program = given[signal];
    signals_handled.all++;
    if (!(program.flags & SA_RESTART)) signals_handled.ending++;
    if (program.flags & SA_SIGINFO) ((void (*)(int, siginfo_t *, void *))program.handler)(signal, information, context);
    else ((sighandler_t)program.handler)(signal);
}

static bool is_for_relay(const struct sigaction *action) {
    sighandler_t handler = action->sa_handler;
    return handler != SIG_DFL && handler != SIG_IGN && handler != SIG_ERR && action->sa_sigaction != relay;
}

static struct sigaction relayed(int signal, const struct sigaction *wanted) {
    struct sigaction action = *wanted;
    if (!is_for_relay(wanted)) return action;
    given[signal] = (struct given){(void *)wanted->sa_sigaction, wanted->sa_flags};
    action.sa_sigaction = relay;
    action.sa_flags |= SA_SIGINFO;
    return action;
}

/* What stood in the kernel, as the program gave it. */
static void show(struct given before, struct sigaction *action) {
    if (action->sa_sigaction != relay) return;
    action->sa_sigaction = before.handler;
    if (!(before.flags & SA_SIGINFO)) action->sa_flags &= ~SA_SIGINFO;
}

EXPORT int sigaction(int signal, const struct sigaction *wanted, struct sigaction *before) {
    bool usable = !wanted || may_be_memory(wanted, sizeof *wanted);
    if (!enabled || signal <= 0 || signal >= NSIG || !usable) return real()->sigaction(signal, wanted, before);
    struct given known = given[signal];
    struct sigaction action;
    if (wanted) action = relayed(signal, wanted);
    int result = real()->sigaction(signal, wanted ? &action : NULL, before);
    if (result != 0) given[signal] = known;
    else if (before) show(known, before);
    return result;
}

typedef sighandler_t (*install)(int, sighandler_t);

/* The C library gives the handler flags of its own choice: put there, then found there. */
static sighandler_t by_signal(install install, int signal, sighandler_t handler) {
    struct given known = {NULL, 0};
    struct sigaction now;
    if (enabled && signal > 0 && signal < NSIG) known = given[signal];
    sighandler_t before = install(signal, handler);
    if (before == SIG_ERR || !enabled) return before;
    KEEP_ERRNO;
    if (real()->sigaction(signal, NULL, &now) == 0 && is_for_relay(&now)) {
        struct sigaction action = relayed(signal, &now);
        real()->sigaction(signal, &action, NULL);
    }
    return (void *)before == (void *)relay ? (sighandler_t)known.handler : before;
}

EXPORT sighandler_t signal(int signal, sighandler_t handler) {
    return by_signal(real()->signal, signal, handler);
}

EXPORT sighandler_t bsd_signal(int number, sighandler_t handler) {
    return signal(number, handler);
}

/* What signal() is with -D_XOPEN_SOURCE. */
EXPORT sighandler_t __sysv_signal(int signal, sighandler_t handler) {
    return by_signal(real()->__sysv_signal, signal, handler);
}

SAME_AS(__sysv_signal) sighandler_t sysv_signal(int, sighandler_t);

EXPORT int __sigaction(int signal, const struct sigaction *wanted, struct sigaction *before) {
    return sigaction(signal, wanted, before);
}

EXPORT int siginterrupt(int signal, int ends) {
    int result = real()->siginterrupt(signal, ends);
    if (result != 0 || !enabled) return result;
    given[signal].flags &= ~SA_RESTART;
    if (!ends) given[signal].flags |= SA_RESTART;
    return 0;
}
