#include "interrupt.h"

__thread struct handled signals_handled;

#define KERNEL_MASK_BYTES 8

/* The kernel's struct of rt_sigaction(2). */
struct kernel_sigaction {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

/* Whether all handlers restart calls: of those that were not installed through the C library it must be asked. */
static bool all_restart(void) {
    for (int signal = 1; signal < NSIG; signal++) {
        struct kernel_sigaction now;
        if (kernel(SYS_rt_sigaction, signal, NULL, &now, KERNEL_MASK_BYTES) != 0) continue;
        if (now.handler != SIG_DFL && now.handler != SIG_IGN && !(now.flags & SA_RESTART)) return false;
    }
    return true;
}

bool ends_by_signal(struct handled before, bool any) {
    if (any) return true;
    return signals_handled.all != before.all ? is_interrupted(before, false) : !all_restart();
}

/* Those that the C library has for itself, to cancel threads and to change users of all of them. */
#define OWN_OF_LIBC (1ull << (32 - 1) | 1ull << (33 - 1))

void signals_hold(sigset_t *mask) {
    uint64_t most = ~OWN_OF_LIBC;
    sigemptyset(mask);
    kernel(SYS_rt_sigprocmask, SIG_BLOCK, &most, mask, KERNEL_MASK_BYTES);
}

void signals_let_go(const sigset_t *mask) {
    KEEP_ERRNO;
    kernel(SYS_rt_sigprocmask, SIG_SETMASK, mask, NULL, KERNEL_MASK_BYTES);
}
