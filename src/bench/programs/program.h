/* What the benchmark's programs have in common: plain blocking sockets, as any program uses them. */
#ifndef VSOCKET_BENCH_PROGRAM_H
#define VSOCKET_BENCH_PROGRAM_H

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static inline void fail(const char *what) {
    perror(what);
    exit(1);
}

static inline uint64_t now_nanoseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static inline struct sockaddr_in endpoint(const char *address, const char *port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    if (address && inet_pton(AF_INET, address, &to.sin_addr) != 1) fail(address);
    return to;
}

/* Says "ready" when clients may come. */
static inline int listen_on(const char *port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in here = endpoint(NULL, port);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&here, sizeof here) != 0 || listen(fd, 1024) != 0) fail("listen");
    puts("ready");
    fflush(stdout);
    return fd;
}

static inline int accept_on(int listener) {
    int fd = accept(listener, NULL, NULL), on = 1;
    if (fd < 0) fail("accept");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static inline int connect_to(const char *address, const char *port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in there = endpoint(address, port);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (struct sockaddr *)&there, sizeof there) != 0) fail("connect");
    return fd;
}

static inline void write_all(int fd, const void *bytes, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t n = write(fd, (const char *)bytes + done, size - done);
        if (n < 0) fail("write");
        done += (size_t)n;
    }
}

/* false: the stream ended before the first byte. */
static inline bool read_all(int fd, void *bytes, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t n = read(fd, (char *)bytes + done, size - done);
        if (n < 0) fail("read");
        if (n == 0 && done == 0) return false;
        if (n == 0) {
            fputs("the stream ended inside a message\n", stderr);
            exit(1);
        }
        done += (size_t)n;
    }
    return true;
}

static inline bool is_role(int count, char **words, const char *role, int wanted) {
    return count == wanted && strcmp(words[1], role) == 0;
}

static inline int usage(const char *text) {
    fprintf(stderr, "usage: %s\n", text);
    return 2;
}

#endif
