/* Waiting: first a spin that yields the processor, for as long as that pays, then a sleep that vsockd can end. */
#ifndef VSOCKET_WAIT_H
#define VSOCKET_WAIT_H

#include "flow/flow.h"
#include "interrupt.h"

/* With no connection to vsockd to be woken through, or with several processes of which one is woken, sleeps are short. */
#define SLEEP_CAP_UNCONNECTED_NS (50 * NS_PER_MILLISECOND)
#define SLEEP_CAP_SHARED_NS (10 * NS_PER_MILLISECOND)

/* What is waited for; true ends the wait. */
typedef bool (*condition)(void *);
/* Spins with sched_yield for as long as that has paid lately. */
bool spin_until(condition ready, void *of);
/* Told after a sleep how long it was: short sleeps should have been spins. */
void spin_learn(uint64_t slept_ns);
struct timespec *timeout_until(uint64_t deadline_ns, uint64_t cap_ns, struct timespec *out);
/* `held` (hold_for_call), or NULL: a thread that is cancelled in here lets go of it. 1: look again; -1 with errno. `signal_ends`: a signal does, whatever its handler says of calls. Timeouts by SO_RCVTIMEO or SO_SNDTIMEO give EAGAIN. */
int wait_for_flow(int fd, struct flow *f, struct connection *held, bool to_read, uint64_t deadline_ns, bool signal_ends);
uint64_t socket_deadline(int fd, int option, bool *has_timeout);
/*
 * The moves of a sleep that loses no wake: announced before the last look, which `ready` makes. True: there is nothing, and
 * the sleep may begin; the waiter is armed until waiter_disarm().
 */
bool prepare_sleep(struct waiter *w, condition ready, void *of);

#endif
