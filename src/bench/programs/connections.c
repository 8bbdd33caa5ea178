/* One connection after the other: connect, a byte each way, close. The byte 'e' ends the server. */
#include "program.h"

static int serve(const char *port) {
    int listener = listen_on(port);
    for (char byte = 0; byte != 'e';) {
        int fd = accept_on(listener);
        if (!read_all(fd, &byte, 1)) fail("no byte came");
        write_all(fd, &byte, 1);
        close(fd);
    }
    return 0;
}

static void once(const char *address, const char *port, char byte) {
    int fd = connect_to(address, port);
    write_all(fd, &byte, 1);
    if (!read_all(fd, &byte, 1)) fail("no byte came back");
    close(fd);
}

static int repeat_for(const char *address, const char *port, uint64_t milliseconds) {
    uint64_t begin = now_nanoseconds(), end = begin + milliseconds * 1000000ull, count = 0, now;
    do {
        once(address, port, 'c');
        count++;
    } while ((now = now_nanoseconds()) < end);
    once(address, port, 'e');
    printf("{\"connectionsPerSecond\":%.0f}\n", (double)count * 1e9 / (double)(now - begin));
    return 0;
}

int main(int count, char **words) {
    if (is_role(count, words, "server", 3)) return serve(words[2]);
    if (is_role(count, words, "client", 5)) return repeat_for(words[2], words[3], strtoull(words[4], NULL, 10));
    return usage("connections server PORT | client ADDRESS PORT MILLISECONDS");
}
