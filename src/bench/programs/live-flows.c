/*
 * Many connections between two programs, over which both ends send all the time. A program ends when all of them are
 * over, and tells of each when its last byte came and when it was over. Some send often, so that their last byte comes
 * just before they are cut; the others once a minute, since the machine is to have time for what is measured.
 */
#include "program.h"

#include <sys/epoll.h>
#include <sys/resource.h>

enum { FLOWS_MAX = 16384, MESSAGE_BYTES = 8, WARM_UP_ROUNDS = 24, SENDS_AT_ONCE = 64, EVENTS_AT_ONCE = 256 };
static const uint64_t second = 1000000000ull, millisecond = 1000000ull;

struct end {
    int fd;
    uint64_t last_byte, over;
    bool was_reset;
};

/* The ends from `first` on take turns in sending, so that each has its turn once in `every` nanoseconds. */
struct turns {
    size_t first, count;
    uint64_t every, begin, sent;
};

static struct end ends[FLOWS_MAX];
static size_t flows, left;
static int events;

static void finish(struct end *end, bool was_reset) {
    end->over = now_nanoseconds();
    end->was_reset = was_reset;
    close(end->fd);
    end->fd = -1;
    left--;
}

/* When the next of them is to send. */
static uint64_t next_due(const struct turns *turns) {
    uint64_t warm_up = WARM_UP_ROUNDS * turns->count;
    if (turns->count == 0) return UINT64_MAX;
    if (turns->sent < warm_up) return 0;
    return turns->begin + (turns->sent - warm_up + 1) * turns->every / turns->count;
}

static bool is_for_later(void) {
    return errno == EAGAIN || errno == EINTR;
}

static void read_some(struct end *end) {
    char bytes[4096];
    if (end->fd < 0) return;
    ssize_t count = recv(end->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count > 0) end->last_byte = now_nanoseconds();
    if (count == 0 || (count < 0 && !is_for_later())) finish(end, count < 0 && errno == ECONNRESET);
}

static void send_one(struct end *end) {
    static const char message[MESSAGE_BYTES];
    if (end->fd < 0 || send(end->fd, message, sizeof message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return;
    if (!is_for_later()) finish(end, errno == ECONNRESET);
}

/* First some rounds as fast as may be, so that a connection can leave TCP. What is missed later is not made up for. */
static void send_due(struct turns *turns) {
    if (turns->count == 0) return;
    uint64_t warm_up = WARM_UP_ROUNDS * turns->count;
    uint64_t due = warm_up + (now_nanoseconds() - turns->begin) * turns->count / turns->every;
    if (turns->sent >= warm_up && due - turns->sent > turns->count) turns->sent = due - turns->count;
    for (int i = 0; i < SENDS_AT_ONCE && turns->sent < due; i++)
        send_one(&ends[turns->first + turns->sent++ % turns->count]);
}

static void take(int fd) {
    struct end *end = &ends[flows];
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = end};
    end->fd = fd;
    if (epoll_ctl(events, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
    flows++;
    left++;
}

static void tell(void) {
    printf("[");
    for (size_t i = 0; i < flows; i++)
        printf("%s[%llu,%llu,%d]", i ? "," : "", (unsigned long long)ends[i].last_byte,
               (unsigned long long)ends[i].over, ends[i].was_reset);
    puts("]");
}

static uint64_t earlier(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static int talk(size_t often, uint64_t milliseconds) {
    uint64_t begin = now_nanoseconds();
    struct turns fast = {0, often < flows ? often : flows, milliseconds * millisecond, begin, 0};
    struct turns slow = {fast.count, flows - fast.count, 60 * second, begin, 0};
    while (left > 0) {
        struct epoll_event ready[EVENTS_AT_ONCE];
        send_due(&fast);
        send_due(&slow);
        uint64_t due = earlier(next_due(&fast), next_due(&slow)), now = now_nanoseconds();
        /* What is due within a millisecond is sent together. */
        int milliseconds_left = due > now ? (int)((due - now) / millisecond) + 1 : 1;
        int count = epoll_wait(events, ready, EVENTS_AT_ONCE, milliseconds_left);
        if (count < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < count; i++) read_some(ready[i].data.ptr);
    }
    tell();
    return 0;
}

static void allow_many_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) fail("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) fail("setrlimit");
}

/* The server may not listen yet. */
static int connect_patiently(const char *address, const char *port) {
    struct sockaddr_in there = endpoint(address, port);
    for (;;) {
        int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (connect(fd, (struct sockaddr *)&there, sizeof there) == 0) return fd;
        if (errno != ECONNREFUSED) fail("connect");
        close(fd);
        usleep(10000);
    }
}

int main(int count, char **words) {
    bool serves = is_role(count, words, "server", 6);
    if (!serves && !is_role(count, words, "client", 7))
        return usage("live-flows server PORT FLOWS OFTEN MILLISECONDS | client ADDRESS PORT FLOWS OFTEN MILLISECONDS\n"
                     "OFTEN of them send each MILLISECONDS.");
    char **numbers = words + count - 3;
    size_t wanted = strtoull(numbers[0], NULL, 10);
    if (wanted > FLOWS_MAX) return usage("at most 16384 flows");
    allow_many_descriptors();
    events = epoll_create1(0);
    if (serves) {
        int listener = socket(AF_INET, SOCK_STREAM, 0);
        struct sockaddr_in here = endpoint(NULL, words[2]);
        if (bind(listener, (struct sockaddr *)&here, sizeof here) != 0 || listen(listener, 1024) != 0) fail("listen");
        while (flows < wanted) take(accept_on(listener));
        close(listener);
    } else {
        while (flows < wanted) take(connect_patiently(words[2], words[3]));
    }
    return talk(strtoull(numbers[1], NULL, 10), strtoull(numbers[2], NULL, 10));
}
