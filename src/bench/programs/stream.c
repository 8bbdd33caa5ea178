/*
 * Writes of a fixed size, one way, as fast as they go. The time ends when the reader has told how much it got,
 * so nothing counts that was not delivered.
 */
#include "program.h"

#define BUFFER_BYTES (64 * 1024)

static char buffer[BUFFER_BYTES];

static int serve(const char *port) {
    int fd = accept_on(listen_on(port));
    uint64_t received = 0;
    ssize_t n;
    while ((n = read(fd, buffer, sizeof buffer)) > 0) received += (uint64_t)n;
    if (n < 0) fail("read");
    write_all(fd, &received, sizeof received);
    return 0;
}

static int send_for(const char *address, const char *port, uint64_t milliseconds, size_t write_bytes) {
    int fd = connect_to(address, port);
    uint64_t begin = now_nanoseconds(), end = begin + milliseconds * 1000000ull, writes = 0, received = 0;
    if (write_bytes == 0 || write_bytes > BUFFER_BYTES) fail("write size");
    do {
        for (int i = 0; i < 16; i++, writes++) write_all(fd, buffer, write_bytes); /* the clock has a price too */
    } while (now_nanoseconds() < end);
    if (shutdown(fd, SHUT_WR) != 0) fail("shutdown");
    if (!read_all(fd, &received, sizeof received) || received != writes * write_bytes) {
        fputs("bytes were lost\n", stderr);
        return 1;
    }
    double seconds = (double)(now_nanoseconds() - begin) / 1e9;
    printf("{\"bytesPerSecond\":%.0f,\"writesPerSecond\":%.0f}\n", (double)received / seconds, (double)writes / seconds);
    return 0;
}

int main(int count, char **words) {
    if (is_role(count, words, "server", 3)) return serve(words[2]);
    if (is_role(count, words, "client", 6))
        return send_for(words[2], words[3], strtoull(words[4], NULL, 10), strtoull(words[5], NULL, 10));
    return usage("stream server PORT | client ADDRESS PORT MILLISECONDS WRITE-BYTES");
}
