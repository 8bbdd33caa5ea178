/* Datagrams to and fro, one at a time; the median of what they took. */
#include "program.h"

#define BYTES 64
#define SAMPLES_MAX 1000000

static int compare(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int serve(const char *port) {
    char message[BYTES];
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in here = endpoint(NULL, port), there;
    if (bind(fd, (struct sockaddr *)&here, sizeof here) != 0) fail("bind");
    puts("ready");
    fflush(stdout);
    for (;;) {
        socklen_t length = sizeof there;
        ssize_t size = recvfrom(fd, message, sizeof message, 0, (struct sockaddr *)&there, &length);
        if (size < 0 || sendto(fd, message, (size_t)size, 0, (struct sockaddr *)&there, length) != size) fail("echo");
    }
    return 0;
}

static int ask(const char *address, const char *port, uint64_t milliseconds) {
    char message[BYTES] = "ping";
    uint32_t *samples = malloc(SAMPLES_MAX * sizeof *samples);
    size_t count = 0;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in there = endpoint(address, port);
    struct timeval patience = {.tv_sec = 1};
    if (!samples || connect(fd, (struct sockaddr *)&there, sizeof there) != 0) fail("connect");
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    uint64_t before = now_nanoseconds(), end = before + milliseconds * 1000000ull;
    while (before < end && count < SAMPLES_MAX) {
        if (send(fd, message, BYTES, 0) != BYTES || recv(fd, message, BYTES, 0) != BYTES) fail("no answer");
        uint64_t after = now_nanoseconds();
        samples[count++] = (uint32_t)(after - before);
        before = after;
    }
    qsort(samples, count, sizeof *samples, compare);
    printf("{\"p50Nanoseconds\":%u}\n", samples[count / 2]);
    return 0;
}

int main(int count, char **words) {
    if (is_role(count, words, "server", 3)) return serve(words[2]);
    if (is_role(count, words, "client", 5)) return ask(words[2], words[3], strtoull(words[4], NULL, 10));
    return usage("datagrams server PORT | client ADDRESS PORT MILLISECONDS");
}
