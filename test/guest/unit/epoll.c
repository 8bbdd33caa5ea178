#include "epoll/epoll.h"
#include "unit.h"

#include <unistd.h>

enum { MANY = 100, LAST = 3000 };

/* A flow of a new connection. */
struct watched {
    int fd, other;
    struct flow *flow;
};

static struct watched new_flow(void) {
    struct ends ends = connect_ends();
    return (struct watched){ends.here, ends.there, make_flow(ends.here)};
}

static int control(int ep, int operation, int fd, uint32_t events) {
    return epoll_ctl(ep, operation, fd, &(struct epoll_event){events, {.u64 = (uint64_t)fd * 1000}});
}

/* The events of one descriptor, when it is the only one that has some; 0: none at all. */
static uint32_t events_of(int ep, int fd) {
    struct epoll_event events[8];
    int n = epoll_wait(ep, events, 8, 0);
    check(n == 0 || (n == 1 && events[0].data.u64 == (uint64_t)fd * 1000));
    return n ? events[0].events : 0;
}

static bool kernel_has(int ep, int fd) {
    struct epoll_event event = {EPOLLONESHOT, {.u64 = 1}};
    if (kernel(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, fd, &event) != 0) return errno == EEXIST;
    kernel(SYS_epoll_ctl, ep, EPOLL_CTL_DEL, fd, NULL);
    return false;
}

static void take_all(struct flow *f) {
    store(&f->header->rx_tail, f->header->rx_head);
}

void epoll_answers_from_memory(void) {
    host_begin();
    struct ends ends = connect_ends();
    int ep = epoll_create1(0);
    check(control(ep, EPOLL_CTL_ADD, ends.here, EPOLLIN) == 0 && kernel_has(ep, ends.here));
    struct flow *f = make_flow(ends.here);
    check(!kernel_has(ep, ends.here) && epoll_of(ep)->engaged == 1 && epoll_has_engaged(epoll_of(ep)));
    check(events_of(ep, ends.here) == 0);
    host_delivers(f, 5);
    for (int k = 0; k < 3; k++) check(events_of(ep, ends.here) == EPOLLIN); /* as long as they are unread */
    take_all(f);
    check(events_of(ep, ends.here) == 0);
    check(control(ep, EPOLL_CTL_MOD, ends.here, EPOLLIN | EPOLLOUT) == 0 && events_of(ep, ends.here) == EPOLLOUT);
    f->header->tx_head = VS_RING_BYTES;
    check(events_of(ep, ends.here) == 0 && f->header->tx_waiting == 1);
    f->header->tx_tail = VS_RING_BYTES / 4 - 1;
    host_notifies(f);
    check(events_of(ep, ends.here) == 0); /* too little to be worth it */
    f->header->tx_tail++;
    host_notifies(f);
    check(events_of(ep, ends.here) == EPOLLOUT);
    f->header->host_state = HOST_RESET;
    host_notifies(f);
    check(events_of(ep, ends.here) == (EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP));
}

void epoll_edges_and_one_shots(void) {
    host_begin();
    int ep = epoll_create1(0);
    struct watched edge = new_flow(), once = new_flow();
    check(control(ep, EPOLL_CTL_ADD, edge.fd, EPOLLIN | EPOLLET) == 0 && events_of(ep, edge.fd) == 0);
    host_delivers(edge.flow, 5);
    check(events_of(ep, edge.fd) == EPOLLIN && events_of(ep, edge.fd) == 0);
    host_delivers(edge.flow, 1); /* more of them is an edge again */
    check(events_of(ep, edge.fd) == EPOLLIN && events_of(ep, edge.fd) == 0);
    check(control(ep, EPOLL_CTL_MOD, edge.fd, EPOLLIN | EPOLLET) == 0); /* so is this */
    check(events_of(ep, edge.fd) == EPOLLIN && events_of(ep, edge.fd) == 0);
    check(control(ep, EPOLL_CTL_ADD, once.fd, EPOLLIN | EPOLLONESHOT) == 0);
    host_delivers(once.flow, 5);
    check(events_of(ep, once.fd) == EPOLLIN && events_of(ep, once.fd) == 0);
    host_delivers(once.flow, 5);
    check(events_of(ep, once.fd) == 0);
    check(control(ep, EPOLL_CTL_MOD, once.fd, EPOLLIN | EPOLLONESHOT) == 0 && events_of(ep, once.fd) == EPOLLIN);
}

void epoll_knows_the_kernels_errors(void) {
    host_begin();
    int ep = epoll_create1(0);
    struct watched one = new_flow();
    check(control(ep, EPOLL_CTL_MOD, one.fd, EPOLLIN) == -1 && errno == ENOENT);
    check(control(ep, EPOLL_CTL_DEL, one.fd, 0) == -1 && errno == ENOENT);
    check(control(ep, EPOLL_CTL_ADD, one.fd, EPOLLIN) == 0);
    check(control(ep, EPOLL_CTL_ADD, one.fd, EPOLLIN) == -1 && errno == EEXIST);
    host_delivers(one.flow, 1);
    for (int k = 0; k < 3; k++) { /* taken out and put in for every request */
        check(events_of(ep, one.fd) == EPOLLIN && control(ep, EPOLL_CTL_DEL, one.fd, 0) == 0 && events_of(ep, one.fd) == 0);
        check(control(ep, EPOLL_CTL_MOD, one.fd, EPOLLIN) == -1 && errno == ENOENT);
        check(control(ep, EPOLL_CTL_ADD, one.fd, EPOLLIN) == 0);
    }
    check(epoll_ctl(ep, EPOLL_CTL_MOD, one.fd, NULL) == -1);
    check(epoll_wait(ep, NULL, 0, 0) == -1 && errno == EINVAL);
}

void epoll_copies_share_a_list(void) {
    host_begin();
    int ep = epoll_create1(0), copy = dup(ep);
    struct watched one = new_flow();
    struct epoll *instance = epoll_of(ep);
    check(epoll_of(copy) == instance && control(copy, EPOLL_CTL_ADD, one.fd, EPOLLIN) == 0);
    host_delivers(one.flow, 1);
    check(events_of(ep, one.fd) == EPOLLIN && events_of(copy, one.fd) == EPOLLIN);
    close(ep);
    check(!epoll_of(ep) && epoll_descriptor(instance) == copy && events_of(copy, one.fd) == EPOLLIN);
    int inner = instance->inner;
    check(is_hidden(inner));
    close(copy);
    check(!is_hidden(inner) && !entry_find(one.fd)->items);
    int fresh = epoll_create1(0); /* the object of before, as new */
    check(epoll_of(fresh) == instance && !epoll_has_engaged(instance) && events_of(fresh, 0) == 0);
}

/* Many in one bucket, taken away in all orders. */
void epoll_forgets_what_is_closed(void) {
    host_begin();
    int ep = epoll_create1(0), fds[8], left = 8;
    for (int k = 0; k < 8; k++) {
        struct watched one = new_flow();
        fds[k] = 200 + k * EPOLL_BUCKETS;
        check(dup2(one.fd, fds[k]) == fds[k] && close(one.fd) == 0);
        check(control(ep, EPOLL_CTL_ADD, fds[k], EPOLLIN) == 0);
        host_delivers(one.flow, 1);
    }
    for (int k = 3; left > 0; k = (k + 5) % 8) {
        struct epoll_event events[16];
        check(epoll_wait(ep, events, 16, 0) == left && (int)epoll_of(ep)->engaged == left);
        close(fds[k]);
        left--;
    }
    check(!epoll_of(ep)->ready && !epoll_of(ep)->ready_last);
    for (int bucket = 0; bucket < EPOLL_BUCKETS; bucket++) check(!epoll_of(ep)->buckets[bucket]);
    /* A number that means something new is not watched any more. */
    check(dup2(new_flow().fd, fds[0]) == fds[0] && control(ep, EPOLL_CTL_MOD, fds[0], EPOLLIN) == -1 && errno == ENOENT);
}

void epoll_gives_items_back(void) {
    host_begin();
    int ep = epoll_create1(0);
    struct watched kept = new_flow(), out = new_flow(), used = new_flow();
    control(ep, EPOLL_CTL_ADD, kept.fd, EPOLLIN);
    control(ep, EPOLL_CTL_ADD, out.fd, EPOLLIN);
    control(ep, EPOLL_CTL_ADD, used.fd, EPOLLIN | EPOLLONESHOT);
    control(ep, EPOLL_CTL_DEL, out.fd, 0);
    host_delivers(used.flow, 1);
    check(events_of(ep, used.fd) == EPOLLIN);
    struct flow *flows[] = {kept.flow, out.flow, used.flow};
    pthread_mutex_lock(&process_lock);
    for (int k = 0; k < 3; k++) {
        flows[k]->plain = true;
        epoll_return_connection_locked(flows[k]->connection);
    }
    pthread_mutex_unlock(&process_lock);
    check(epoll_of(ep)->engaged == 0 && kernel_has(ep, kept.fd) && kernel_has(ep, used.fd) && !kernel_has(ep, out.fd));
    check(kernel(SYS_write, used.other, "x", 1) == 1 && events_of(ep, used.fd) == 0);
    check(kernel(SYS_write, kept.other, "x", 1) == 1 && events_of(ep, kept.fd) == EPOLLIN);
    check(control(ep, EPOLL_CTL_DEL, kept.fd, 0) == 0 && control(ep, EPOLL_CTL_MOD, used.fd, EPOLLIN) == 0);
    check(events_of(ep, used.fd) == EPOLLIN);
}

void epoll_nested(void) {
    host_begin();
    int inner = epoll_create1(0), middle = epoll_create1(0), outer = epoll_create1(0);
    struct watched one = new_flow();
    check(control(middle, EPOLL_CTL_ADD, inner, EPOLLIN) == 0 && control(outer, EPOLL_CTL_ADD, middle, EPOLLIN) == 0);
    check(control(inner, EPOLL_CTL_ADD, one.fd, EPOLLIN) == 0 && epoll_has_engaged(epoll_of(outer)));
    check(events_of(outer, middle) == 0);
    host_delivers(one.flow, 1);
    check(events_of(outer, middle) == EPOLLIN && events_of(middle, inner) == EPOLLIN && events_of(inner, one.fd) == EPOLLIN);
    struct pollfd wait = {outer, POLLIN, 0};
    check(poll(&wait, 1, 0) == 1 && wait.revents == POLLIN);
    check(control(middle, EPOLL_CTL_DEL, inner, 0) == 0 && !epoll_has_engaged(epoll_of(outer)));
    check(control(middle, EPOLL_CTL_ADD, inner, EPOLLIN) == 0 && close(inner) == 0 && !epoll_has_engaged(epoll_of(outer)));
}

static void *ring_soon(void *of) {
    usleep(50000);
    bell_ring(epoll_of(*(int *)of));
    return NULL;
}

/* The inner one is rung while somebody waits on the outer one. */
static int wait_while_rung(int outer, int inner, struct epoll_event *event) {
    pthread_t thread;
    int rung = inner;
    pthread_create(&thread, NULL, ring_soon, &rung);
    int n = epoll_wait(outer, event, 1, 300);
    pthread_join(thread, NULL);
    return n;
}

void epoll_nested_without_news(void) {
    host_begin();
    int inner = epoll_create1(0), outer = epoll_create1(0), ends[2];
    struct watched one = new_flow();
    struct epoll_event event;
    for (uint32_t how = 0; how < 3; how++) {
        uint32_t flags[] = {0, EPOLLONESHOT, EPOLLET};
        check(control(outer, how ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, inner, EPOLLIN | flags[how]) == 0);
        if (!how) check(control(inner, EPOLL_CTL_ADD, one.fd, EPOLLIN) == 0);
        check(wait_while_rung(outer, inner, &event) == 0);
        struct pollfd wait = {inner, POLLIN, 0};
        bell_ring(epoll_of(inner));
        check(poll(&wait, 1, 0) == 0);
        host_delivers(one.flow, 1);
        check(events_of(outer, inner) == EPOLLIN); /* once is enough for what is shown once */
        take_all(one.flow);
        check(epoll_wait(inner, &event, 1, 0) == 0);
    }
    /* Whose event it is nobody can tell where two have the same data. */
    event = (struct epoll_event){EPOLLIN, {.u64 = (uint64_t)inner * 1000}};
    check(pipe(ends) == 0 && epoll_ctl(outer, EPOLL_CTL_ADD, ends[0], &event) == 0 && write(ends[1], "x", 1) == 1);
    check(epoll_wait(outer, &event, 1, 0) == 1 && event.data.u64 == (uint64_t)inner * 1000);
}

/* A small buffer shows all in turn, and the kernel's own among them. */
void epoll_is_fair(void) {
    host_begin();
    int ep = epoll_create1(0), seen[LAST] = {0}, ends[2], total = 0;
    check(pipe(ends) == 0 && write(ends[1], "x", 1) == 1 && control(ep, EPOLL_CTL_ADD, ends[0], EPOLLIN) == 0);
    for (int k = 0; k < 10; k++) {
        struct watched one = new_flow();
        check(control(ep, EPOLL_CTL_ADD, one.fd, EPOLLIN) == 0);
        host_delivers(one.flow, 1);
    }
    for (int k = 0; k < MANY; k++) {
        struct epoll_event events[3];
        int n = epoll_wait(ep, events, 3, 0);
        check(n > 0);
        for (int e = 0; e < n; e++) total += seen[events[e].data.u64 / 1000]++ == 0;
    }
    check(total == 11 && seen[ends[0]] > 0);
}

/* Who goes on with an instance after fork sees what the kernel knows; the parent's flows go back to TCP. */
void epoll_taken_over_by_a_child(void) {
    host_begin();
    int ep = epoll_create1(0);
    struct ends plain = connect_ends();
    struct watched unused = new_flow();
    check(control(ep, EPOLL_CTL_ADD, plain.here, EPOLLIN) == 0 && control(ep, EPOLL_CTL_ADD, unused.fd, EPOLLIN) == 0);
    unused.flow->header->tx_starts = unused.flow->header->rx_ready = 0; /* nobody ever sent in these rings */
    unused.flow->header->rx_starts = unused.flow->header->rx_starts_taken = unused.flow->header->rx_on_ring = 0;
    check(!kernel_has(ep, unused.fd));
    pid_t child = fork();
    if (child == 0) {
        check(epoll_of(ep)->foreign && epoll_of(ep)->inner == -1 && epoll_of(ep)->engaged == 0);
        check(kernel(SYS_write, plain.there, "x", 1) == 1 && events_of(ep, plain.here) == EPOLLIN);
        check(!epoll_of(ep)->foreign && connection_of(plain.here)->never == REASON_SHARED_EPOLL);
        check(unused.flow->plain && unused.flow->header->leave_reason == REASON_SHARED_EPOLL && kernel_has(ep, unused.fd));
        exit(0);
    }
    check_child(child);
    check(!epoll_of(ep)->foreign && epoll_uses_shared(connection_of(plain.here)));
}

static int told;

static void *wait_for_events(void *ep) {
    while (load(&told) < LAST) {
        struct epoll_event event;
        if (epoll_wait(*(int *)ep, &event, 1, 100) == 1) add_to(&told, 1);
    }
    return NULL;
}

/* Some wait, one puts flows in and out and closes them. */
void epoll_between_threads(void) {
    host_begin();
    int ep = epoll_create1(0);
    pthread_t threads[3];
    struct watched lasting = new_flow();
    check(control(ep, EPOLL_CTL_ADD, lasting.fd, EPOLLIN) == 0);
    host_delivers(lasting.flow, 1);
    for (int k = 0; k < 3; k++) pthread_create(&threads[k], NULL, wait_for_events, &ep);
    for (int turn = 0; load(&told) < LAST; turn++) {
        struct watched one = new_flow();
        check(control(ep, EPOLL_CTL_ADD, one.fd, EPOLLIN | EPOLLET) == 0);
        host_delivers(one.flow, 1);
        if (turn % 2) check(control(ep, EPOLL_CTL_DEL, one.fd, 0) == 0);
        close(one.fd);
        close(one.other);
    }
    for (int k = 0; k < 3; k++) pthread_join(threads[k], NULL);
    check(epoll_of(ep)->engaged == 1);
}
