/* Connections that were used for a while, long enough to be upgraded, and then stay open without a byte. */
#include "program.h"

#include <poll.h>

#define CONNECTIONS_MAX 1024
#define MESSAGES 64

static struct pollfd sockets[CONNECTIONS_MAX];

static int serve(const char *port, int connections) {
    int listener = listen_on(port), open = connections;
    for (int i = 0; i < connections; i++) sockets[i] = (struct pollfd){accept_on(listener), POLLIN, 0};
    while (open > 0) {
        if (poll(sockets, (nfds_t)connections, -1) < 0) fail("poll");
        for (int i = 0; i < connections; i++) {
            char byte;
            if (sockets[i].fd < 0 || !sockets[i].revents) continue;
            if (read_all(sockets[i].fd, &byte, 1)) {
                write_all(sockets[i].fd, &byte, 1);
            } else {
                close(sockets[i].fd);
                sockets[i].fd = -1;
                open--;
            }
        }
    }
    return 0;
}

/* Says "idle" when the last byte is through, and stays until its input ends. */
static int hold(const char *address, const char *port, int connections) {
    char byte = 'i';
    for (int i = 0; i < connections; i++) sockets[i].fd = connect_to(address, port);
    for (int m = 0; m < MESSAGES; m++)
        for (int i = 0; i < connections; i++) {
            write_all(sockets[i].fd, &byte, 1);
            if (!read_all(sockets[i].fd, &byte, 1)) fail("the server ended");
        }
    puts("idle");
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0) continue;
    return 0;
}

int main(int count, char **words) {
    int connections = count > 3 ? atoi(words[count - 1]) : 0;
    if (connections < 1 || connections > CONNECTIONS_MAX) connections = 0;
    if (connections && is_role(count, words, "server", 4)) return serve(words[2], connections);
    if (connections && is_role(count, words, "client", 5)) return hold(words[2], words[3], connections);
    return usage("idle server PORT CONNECTIONS | client ADDRESS PORT CONNECTIONS");
}
