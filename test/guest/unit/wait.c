#include "wait/wait.h"
#include "unit.h"

#include <sys/epoll.h>
#include <sys/time.h>
#include <unistd.h>

static struct flow *flow_on_tcp(struct ends *ends) {
    host_begin();
    *ends = connect_ends();
    struct flow *f = make_flow(ends->here);
    struct vs_slot *h = f->header;
    h->rx_on_ring = 0;
    h->rx_starts = h->rx_starts_taken = 0;
    h->tx_starts = 0;
    return f;
}

/* The other end went to its ring after the look that found nothing, and before this: no wake comes for it. */
void wait_ends_when_the_ring_began_a_moment_ago(void) {
    struct ends ends;
    struct flow *f = flow_on_tcp(&ends);
    struct vs_slot *h = f->header;
    uint64_t over = now_ns();
    check(wait_for_flow(ends.here, f, NULL, true, over, false) == -1 && errno == EAGAIN); /* nothing there */
    host_delivers(f, 5);
    h->rx_starts = 1;
    check(wait_for_flow(ends.here, f, NULL, true, over, false) == 1 && h->rx_on_ring && rx_available(f) == 5);
    /* Where bytes on TCP come before it, they are what is waited for. */
    h->rx_on_ring = 0;
    h->rx_start_low = 2;
    h->rx_starts = 2;
    check(wait_for_flow(ends.here, f, NULL, true, over, false) == -1 && !h->rx_on_ring);
    check(write(ends.there, "ab", 2) == 2);
    check(wait_for_flow(ends.here, f, NULL, true, now_ns() + 60 * NS_PER_SECOND, false) == 1 && f->tcp_maybe && !h->rx_on_ring);
}

/* Its socket has room, and that does not end the wait: the other end's reader was not told yet. */
void wait_between_ring_and_tcp_does_not_spin(void) {
    struct ends ends;
    struct flow *f = flow_on_tcp(&ends);
    struct vs_slot *h = f->header;
    h->tx_starts = h->tx_stops = 1;
    check(tx_between(h) && wait_for_flow(ends.here, f, NULL, false, now_ns(), false) == -1 && errno == EAGAIN);
    h->tx_stops_told = 1;
    check(wait_for_flow(ends.here, f, NULL, false, now_ns(), false) == 1);
}

enum { SPIN_MICROSECONDS = 400000, SIGNAL_MICROSECONDS = 20000, SIGNALS = 10 };
static uint32_t runs;

static void count(void) {
    static const struct itimerval never = {0};
    if (++runs == SIGNALS) setitimer(ITIMER_REAL, &never, NULL);
}

static void count_run(int signal) {
    (void)signal;
    count();
}

static void count_run_with(int signal, siginfo_t *information, void *context) {
    (void)context;
    check(information->si_signo == signal);
    count();
}

static void install(int signal, int flags) {
    struct sigaction action = {.sa_handler = count_run, .sa_flags = flags};
    if (flags & SA_SIGINFO) action.sa_sigaction = count_run_with;
    check(sigaction(signal, &action, NULL) == 0);
}

/* Some signals, all of them while the next call spins: the kernel's sleep after it sees none. */
static void ring_while_it_spins(void) {
    static const struct itimerval often = {{.tv_usec = SIGNAL_MICROSECONDS}, {.tv_usec = SIGNAL_MICROSECONDS}};
    spin_learn(0); /* it shall spin for as long as it may */
    runs = 0;
    check(setitimer(ITIMER_REAL, &often, NULL) == 0);
}

void signals_end_a_spin_as_they_end_a_sleep(void) {
    struct ends ends;
    struct flow *f = flow_on_tcp(&ends);
    f->header->rx_on_ring = 1;
    shared_front->guest_spin_microseconds = SPIN_MICROSECONDS;
    uint64_t never = now_ns() + 20 * NS_PER_SECOND;
    install(SIGALRM, 0);
    ring_while_it_spins();
    check(wait_for_flow(ends.here, f, NULL, true, never, false) == -1 && errno == EINTR);
    install(SIGALRM, SA_RESTART | SA_SIGINFO);
    ring_while_it_spins();
    check(wait_for_flow(ends.here, f, NULL, true, never, true) == -1 && errno == EINTR);
    struct pollfd one = {ends.here, POLLIN, 0};
    ring_while_it_spins();
    check(poll(&one, 1, 20000) == -1 && errno == EINTR);
    struct epoll_event event = {EPOLLIN, {.u64 = 1}};
    int ep = epoll_create1(0), n;
    check(epoll_ctl(ep, EPOLL_CTL_ADD, ends.here, &event) == 0);
    ring_while_it_spins();
    check(epoll_wait(ep, &event, 1, 20000) == -1 && errno == EINTR);
    /* One that restarts calls does not end this one. */
    ring_while_it_spins();
    for (uint64_t over = now_ns() + NS_PER_SECOND; (n = wait_for_flow(ends.here, f, NULL, true, over, false)) == 1;) continue;
    check(n == -1 && errno == EAGAIN && runs > 0);
}

#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* siginterrupt() */
void signals_are_shown_as_the_program_gave_them(void) {
    host_begin();
    struct sigaction now;
    struct handled before = signals_handled;
    install(SIGUSR1, SA_RESETHAND);
    raise(SIGUSR1);
    check(runs == 1 && is_interrupted(before, false));
    check(sigaction(SIGUSR1, NULL, &now) == 0 && now.sa_handler == SIG_DFL);
    check(signal(SIGUSR1, count_run) == SIG_DFL && signal(SIGUSR1, SIG_IGN) == count_run);
    install(SIGUSR1, SA_SIGINFO | SA_NODEFER);
    check(sigaction(SIGUSR1, NULL, &now) == 0 && now.sa_sigaction == count_run_with);
    check((now.sa_flags & (SA_SIGINFO | SA_NODEFER)) == (SA_SIGINFO | SA_NODEFER));
    install(SIGUSR1, SA_RESTART);
    check(sigaction(SIGUSR1, NULL, &now) == 0 && now.sa_handler == count_run && !(now.sa_flags & SA_SIGINFO));
    before = signals_handled;
    raise(SIGUSR1);
    check(is_interrupted(before, true) && !is_interrupted(before, false));
    check(siginterrupt(SIGUSR1, 1) == 0 && raise(SIGUSR1) == 0 && is_interrupted(before, false));
    check(sigaction(0, NULL, &now) == -1 && errno == EINVAL && sigaction(SIGKILL, &now, NULL) == -1);
}
