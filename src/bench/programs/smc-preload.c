/* Turns a program's TCP sockets over IPv4 into SMC sockets, as smc_run of smc-tools does. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef AF_SMC
#define AF_SMC 43 /* bits/socket.h of newer C libraries */
#endif
#define SMCPROTO_SMC 0 /* net/smc.h of the kernel: SMC over IPv4 */
#define TYPE_MASK 0xf  /* SOCK_TYPE_MASK of linux/net.h: what is left of it are flags */

int socket(int domain, int type, int protocol) {
    int is_tcp = domain == AF_INET && (type & TYPE_MASK) == SOCK_STREAM && (protocol == 0 || protocol == IPPROTO_TCP);
    if (is_tcp) {
        domain = AF_SMC;
        protocol = SMCPROTO_SMC;
    }
    return (int)syscall(SYS_socket, domain, type, protocol);
}
