#define _GNU_SOURCE
#include "unit.h"

#include "epoll/epoll.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, TURNS = 300 };

static int count_entries(const struct connection *c) {
    int count = 0;
    for (const struct entry *e = c->entries; e; e = e->next_of_connection) count++;
    return count;
}

static int count_connections(void) {
    int cursor = 0, count = 0;
    while (connection_each(&cursor)) count++;
    return count;
}

static int tcp_socket(void) {
    int s = socket(AF_INET, SOCK_STREAM, 0);
    check(s > STDERR_FILENO && connection_of(s) && entry_find(s)->kind == KIND_TCP);
    return s;
}

static bool is_open(int fd) {
    return kernel(SYS_fcntl, fd, F_GETFD) >= 0;
}

void descriptors_copies(void) {
    host_begin();
    int first = tcp_socket(), second = dup(first), third = fcntl(first, F_DUPFD, 200), fourth = dup2(first, 300);
    struct connection *c = connection_of(first);
    check(third >= 200 && fourth == 300 && connection_of(second) == c && connection_of(third) == c && connection_of(300) == c);
    check(count_entries(c) == 4 && count_connections() == 1);
    close(first);
    close(300);
    check(!connection_of(first) && !connection_of(300) && count_entries(c) == 2 && connection_descriptor(c) >= 0);
    check(dup2(second, second) == second && count_entries(c) == 2);
    close(second);
    check(connection_descriptor(c) == third && close(third) == 0 && count_connections() == 0);
    check(dup(first) == -1 && errno == EBADF);
}

void descriptors_copied_over_others(void) {
    host_begin();
    int one = tcp_socket(), other = tcp_socket(), pipe_ends[2];
    struct connection *c = connection_of(one);
    check(pipe(pipe_ends) == 0 && connection_of(pipe_ends[0]) == NULL);
    check(dup2(one, other) == other && connection_of(other) == c && count_entries(c) == 2 && count_connections() == 1);
    check(dup2(pipe_ends[0], other) == other && !connection_of(other) && entry_find(other)->kind == KIND_UNKNOWN);
    check(dup3(one, pipe_ends[1], O_CLOEXEC) == pipe_ends[1] && connection_of(pipe_ends[1]) == c);
    check(connection_is_inheritable(c));
    close(one);
    check(!connection_is_inheritable(c)); /* only the copy with close-on-exec is left */
    check(dup2(-1, pipe_ends[1]) == -1 && connection_of(pipe_ends[1]) == c); /* a mistake changes nothing */
    int own = hide_descriptor(dup(pipe_ends[0]));
    check(dup2(pipe_ends[1], own) == -1 && errno == EBADF && is_hidden(own));
}

void descriptors_of_standard_streams(void) {
    host_begin();
    int s = tcp_socket();
    struct connection *c = connection_of(s);
    check(c->never == 0 && dup2(s, STDIN_FILENO) == STDIN_FILENO && c->never == REASON_STANDARD_STREAM);
    close(STDIN_FILENO);
    int fresh = socket(AF_INET, SOCK_STREAM, 0);
    check(fresh == STDIN_FILENO && connection_of(fresh)->never == REASON_STANDARD_STREAM);
}

void descriptors_closed_in_ranges(void) {
    host_begin();
    int s[5], spare = hide_descriptor(dup(STDERR_FILENO));
    for (int k = 0; k < 5; k++) s[k] = tcp_socket();
    check(is_hidden(spare) && next_hidden(0) == spare && close(spare) == -1 && errno == EBADF);
    close_range((unsigned)s[1], (unsigned)s[2], CLOSE_RANGE_CLOEXEC);
    check(connection_of(s[1]) && !connection_is_inheritable(connection_of(s[1])));
    check(close_range((unsigned)s[1], (unsigned)s[2], 0) == 0);
    check(connection_of(s[0]) && !connection_of(s[1]) && !connection_of(s[2]) && connection_of(s[3]) && !is_open(s[2]));
    check(close_range(9, 8, 0) == -1 && errno == EINVAL && connection_of(s[3]));
    closefrom(s[3]);
    check(connection_of(s[0]) && !connection_of(s[4]) && !is_open(s[4]) && is_open(spare) && is_hidden(spare));
    unhide_close(spare);
    check(!is_open(spare) && next_hidden(0) == -1);
}

void descriptors_used_again(void) {
    host_begin();
    int s = tcp_socket();
    struct connection *c = connection_of(s);
    c->calls = 9;
    c->never = REASON_CALL;
    c->cookie = 77;
    close(s);
    int again = tcp_socket();
    check(again == s && connection_of(again) == c); /* the pool's object of before, as new */
    check(c->calls == 0 && c->never == 0 && c->cookie == 0 && !c->flow && count_entries(c) == 1);
    close(again);
    int stranger = socket(AF_UNIX, SOCK_STREAM, 0);
    check(stranger == s && !connection_of(stranger) && entry_find(stranger)->kind == KIND_UNKNOWN);
    kernel(SYS_close, stranger); /* behind the library, which learns it from the number's next use */
    check(tcp_socket() == s);
    kernel(SYS_close, s);
    check(socket(AF_INET, SOCK_DGRAM, 0) == s && !connection_of(s));
    close(s);
    check(epoll_create1(0) == s && entry_find(s)->kind == KIND_EPOLL && epoll_of(s));
    kernel(SYS_close, s);
    check(tcp_socket() == s && !epoll_of(s));
}

void descriptors_out_of_range(void) {
    int last = 256 * 4096 - 1, cursor = last;
    check(!entry_find(-1) && !entry_get(-1) && !entry_find(last + 1) && !entry_get(last + 1) && !entry_get(INT_MAX));
    check(!connection_of(-1) && !connection_of(INT_MIN) && !epoll_of(-1) && !is_hidden(-1));
    check(!entry_find(last) && entry_get(last) == entry_find(last) && entry_find(last)->fd == last);
    check(entry_each(&cursor) == entry_find(last) && !entry_each(&cursor));
    entry_copy(last - 1, last); /* of what is not known comes what is not known */
    check(entry_find(last)->kind == KIND_UNKNOWN);
}

void descriptors_merged(void) {
    host_begin();
    int s[3];
    for (int k = 0; k < 3; k++) s[k] = tcp_socket();
    dup2(s[0], 100);
    struct connection *from = connection_of(s[0]), *to = connection_of(s[1]);
    connection_merge_locked(from, to);
    check(connection_of(s[0]) == to && connection_of(100) == to && count_entries(to) == 3 && count_connections() == 2);
    int fresh = tcp_socket();
    check(connection_of(fresh) == from && count_entries(from) == 1); /* it was given back */
}

void descriptors_closed_during_a_call(void) {
    host_begin();
    int s = tcp_socket();
    struct connection *c = connection_of(s);
    c->receiving = 2;
    c->sending = 1;
    close(s);
    check(c->closed && connection_of(tcp_socket()) != c);
    connection_end_call(c, &c->receiving);
    connection_end_call(c, &c->receiving);
    check(c->closed && connection_of(tcp_socket()) != c);
    connection_end_call(c, &c->sending); /* the last thread is back: now it may be used again */
    check(!c->closed && connection_of(tcp_socket()) == c);
}

void descriptors_after_fork(void) {
    host_begin();
    int s = tcp_socket(), spare = hide_descriptor(dup(STDERR_FILENO));
    struct connection *c = connection_of(s);
    struct waiter *w = waiter_of_thread();
    c->receiving = 1;
    for (int generation = 0; generation < 3; generation++) {
        pid_t child = fork();
        if (child) return check_child(child);
        check(own_pid == getpid() && !in_vfork_child() && connection_of(s) == c && c->receiving == 0);
        check(!is_open(spare) && !is_hidden(spare) && next_hidden(0) == -1 && process_index == VS_PROCESSES);
        check(waiter_of_thread() != w && waiter_of_thread() == waiter_of_thread());
        w = waiter_of_thread();
        spare = hide_descriptor(dup(STDERR_FILENO));
        c->receiving = 1;
    }
}

static int vfork_child(int s) {
    int copy = 250;
    check(in_vfork_child());
    check(dup2(s, copy) == copy && is_open(copy) && !connection_of(copy)); /* not the parent's */
    check(close(s) == 0 && connection_of(s));
    return 0;
}

void descriptors_of_a_vfork_child(void) {
    host_begin();
    int s = tcp_socket(), status;
    pid_t child = vfork();
    if (child == 0) _exit(vfork_child(s));
    check(child > 0 && waitpid(child, &status, 0) == child && status == 0);
    check(is_open(s) && connection_of(s) && !in_vfork_child() && !is_open(250));
}

/* Each thread has sockets of its own, and copies over the numbers of its own: the tables are everybody's. */
static void *use_descriptors(void *number) {
    int place = 400 + *(int *)number;
    for (int turn = 0; turn < TURNS; turn++) {
        int s = tcp_socket(), copy = dup(s);
        struct connection *c = connection_of(s);
        check(connection_of(copy) == c && dup2(s, place) == place && connection_of(place) == c);
        add_to(&c->receiving, 1);
        close(s);
        check(count_entries(c) == 2 && connection_of(place) == c);
        close(place);
        close(copy);
        connection_end_call(c, &c->receiving);
    }
    return NULL;
}

void descriptors_between_threads(void) {
    host_begin();
    pthread_t threads[THREADS];
    int numbers[THREADS];
    for (int k = 0; k < THREADS; k++) {
        numbers[k] = k;
        pthread_create(&threads[k], NULL, use_descriptors, &numbers[k]);
    }
    for (int k = 0; k < THREADS; k++) pthread_join(threads[k], NULL);
    check(count_connections() == 0);
}

void holders_are_counted(void) {
    host_begin();
    struct ends ends = connect_ends();
    struct connection *c = connection_of(ends.here);
    check(c->cookie != 0 && c->cookie == cookie_of(ends.here) && holders_alone(c));
    holders_add(c, 1);
    check(c->shared && !holders_alone(c));
    holders_add(c, 1);
    holders_add(c, -1);
    check(!holders_alone(c));
    holders_add(c, -1);
    check(holders_alone(c) && !c->shared && holders_alone(c));
}

/* What cannot be counted is never alone. */
void holders_in_a_full_table(void) {
    host_begin();
    struct ends ends = connect_ends();
    struct connection *c = connection_of(ends.here);
    for (uint32_t k = 0; k < VS_HOLDERS; k++) shared_front->holders[k] = (struct vs_holders){UINT64_MAX - k, 1, 0};
    holders_add(c, 1);
    holders_add(c, -1);
    check(c->shared && !holders_alone(c));
}
