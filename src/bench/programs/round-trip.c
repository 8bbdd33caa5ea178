/*
 * Messages of a fixed size to and fro, one at a time; percentiles over all of them but those of the warm-up, in which
 * a connection may leave TCP.
 */
#include "program.h"

#define BYTES 64
#define SAMPLES_MAX 4000000

static int compare(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int serve(const char *port) {
    char message[BYTES];
    int fd = accept_on(listen_on(port));
    while (read_all(fd, message, BYTES)) write_all(fd, message, BYTES);
    return 0;
}

static int ask(const char *address, const char *port, uint64_t warm_up, uint64_t milliseconds) {
    char message[BYTES] = "ping";
    uint32_t *samples = malloc(SAMPLES_MAX * sizeof *samples);
    size_t count = 0;
    int fd = connect_to(address, port);
    uint64_t measured_from = now_nanoseconds() + warm_up * 1000000ull;
    uint64_t end = measured_from + milliseconds * 1000000ull, before = now_nanoseconds();
    if (!samples) fail("malloc");
    while (before < end && count < SAMPLES_MAX) {
        write_all(fd, message, BYTES);
        if (!read_all(fd, message, BYTES)) fail("the server ended");
        uint64_t after = now_nanoseconds();
        if (before >= measured_from) samples[count++] = (uint32_t)(after - before);
        before = after;
    }
    if (count == 0) fail("no samples");
    qsort(samples, count, sizeof *samples, compare);
    printf("{\"p50Nanoseconds\":%u,\"p99Nanoseconds\":%u}\n", samples[count / 2], samples[count * 99 / 100]);
    return 0;
}

int main(int count, char **words) {
    if (is_role(count, words, "server", 3)) return serve(words[2]);
    if (is_role(count, words, "client", 6))
        return ask(words[2], words[3], strtoull(words[4], NULL, 10), strtoull(words[5], NULL, 10));
    return usage("round-trip server PORT | client ADDRESS PORT WARM-UP-MILLISECONDS MILLISECONDS");
}
