/* Holds so many TCP sockets open within one machine, both ends of each connection, until its input ends. */
#include <signal.h>
#include <sys/prctl.h>

#include "program.h"

/* Of one process: each has two descriptors, and an address of its own, so that no port is needed twice. */
enum { CONNECTIONS_EACH = 4000 };

static void hold(int process, int connections, int ready) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    char address[32];
    snprintf(address, sizeof address, "127.0.%d.1", process + 1);
    struct sockaddr_in here = endpoint(address, "7000");
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&here, sizeof here) != 0 || listen(listener, 64) != 0) fail("listen");
    for (int i = 0; i < connections; i++) {
        connect_to(address, "7000");
        accept_on(listener);
    }
    close(listener);
    write_all(ready, "r", 1);
    for (;;) pause();
}

int main(int count, char **words) {
    if (count != 2) return usage("many-connections SOCKETS");
    int left = atoi(words[1]) / 2, processes = 0, ready[2];
    if (pipe(ready) != 0) fail("pipe");
    for (; left > 0; left -= CONNECTIONS_EACH, processes++) {
        int connections = left < CONNECTIONS_EACH ? left : CONNECTIONS_EACH;
        pid_t child = fork();
        if (child < 0) fail("fork");
        if (child == 0) hold(processes, connections, ready[1]);
    }
    close(ready[1]);
    char byte;
    for (int i = 0; i < processes; i++)
        if (!read_all(ready[0], &byte, 1)) {
            fputs("a process ended before it had its connections\n", stderr);
            return 1;
        }
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    return 0;
}
