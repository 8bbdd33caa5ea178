/* Tests of the guest library's parts from inside, compiled together with it. There is no host: the tests play it. */
#ifndef UNIT_H
#define UNIT_H

#include "flow/flow.h"

#include <stdio.h>
#include <stdlib.h>

/* Which makes a fork of each vfork. */
#ifdef __SANITIZE_THREAD__
#define UNLESS_THREAD_SANITIZER(unit)
#else
#define UNLESS_THREAD_SANITIZER(unit) unit
#endif

/* Each is a test, run in a process of its own (unit.test.ts). */
#define UNITS(X)                                                                                             \
    X(ring_is_a_stream_wherever_it_begins)                                                                   \
    X(ring_is_full_and_empty)                                                                                \
    X(ring_takes_what_flags_say)                                                                             \
    X(ring_refuses_bad_addresses)                                                                            \
    X(ring_ends_at_a_stop)                                                                                   \
    X(ring_holds_back_under_the_low_water)                                                                   \
    X(ring_comes_between_tcp_and_urgent_data)                                                                \
    X(ring_stays_within_its_memory_whatever_the_host_says)                                                   \
    X(ring_between_threads)                                                                                  \
    X(lock_of_a_killed_holder)                                                                               \
    X(wait_ends_when_the_ring_began_a_moment_ago)                                                            \
    X(wait_between_ring_and_tcp_does_not_spin)                                                               \
    X(signals_end_a_spin_as_they_end_a_sleep)                                                                \
    X(signals_are_shown_as_the_program_gave_them)                                                            \
    X(readiness_after_a_reset_that_was_told)                                                                 \
    X(descriptors_copies)                                                                                    \
    X(descriptors_copied_over_others)                                                                        \
    X(descriptors_of_standard_streams)                                                                       \
    X(descriptors_closed_in_ranges)                                                                          \
    X(descriptors_used_again)                                                                                \
    X(descriptors_out_of_range)                                                                              \
    X(descriptors_merged)                                                                                    \
    X(descriptors_closed_during_a_call)                                                                      \
    X(descriptors_after_fork)                                                                                \
    UNLESS_THREAD_SANITIZER(X(descriptors_of_a_vfork_child))                                                 \
    X(descriptors_between_threads)                                                                           \
    X(holders_are_counted)                                                                                   \
    X(holders_in_a_full_table)                                                                               \
    X(epoll_answers_from_memory)                                                                             \
    X(epoll_edges_and_one_shots)                                                                             \
    X(epoll_knows_the_kernels_errors)                                                                        \
    X(epoll_copies_share_a_list)                                                                             \
    X(epoll_forgets_what_is_closed)                                                                          \
    X(epoll_gives_items_back)                                                                                \
    X(epoll_nested)                                                                                          \
    X(epoll_nested_without_news)                                                                             \
    X(epoll_is_fair)                                                                                         \
    X(epoll_taken_over_by_a_child)                                                                           \
    X(epoll_between_threads)                                                                                 \
    X(scarcity_bears_a_little)                                                                               \
    X(scarcity_is_tried_more_and_more_seldom)                                                                \
    X(scarcity_is_forgotten_by_spinning_alone)

#define UNIT_DECLARE(name) void name(void);
UNITS(UNIT_DECLARE)

#define check(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) check_failed(__FILE__, __LINE__, #condition);                                      \
    } while (0)
_Noreturn void check_failed(const char *file, int line, const char *condition);
/* Ends this process when a child did not end well. */
void check_child(pid_t child);

/* The memory that a host would give; before it the library has none. */
void host_begin(void);
/* A TCP connection on the loopback, neither end of it known to the library as a flow. */
struct ends {
    int here, there;
};
struct ends connect_ends(void);
/* What a claim and the host's answer make of it: a flow that both directions have in rings. Each ring is memory of its own. */
struct flow *make_flow(int fd);
/* The host shows that many more bytes to the reader, and says so. */
void host_delivers(struct flow *f, uint32_t bytes);
void host_notifies(struct flow *f);

static inline struct iovec bytes_of(void *at, size_t size) {
    return (struct iovec){at, size};
}

/* The same numbers in each run. */
static inline uint32_t random_below(uint32_t *state, uint32_t limit) {
    *state = *state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)*state * limit >> 32);
}

#endif
