/*
 * The guest's owner may keep programs, ports and addresses on TCP: lines of a file, and the same separated by commas in
 * VSOCKET_EXCLUDE.
 *     program NAME     the file name of the program
 *     port NUMBER      either end's
 *     address PREFIX   the other end's: 10.1.2.3, 10.0.0.0/8, fd00::/16
 * A line that cannot be understood keeps everything on TCP: its writer wanted less of vSocket, not more.
 */
#include "descriptors.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#define EXCLUDE_FILE "/etc/vsocket/exclude"
#define EXCLUDE_VARIABLE "VSOCKET_EXCLUDE"
#define MOST_RULES 256
#define MOST_TEXT (16 * 1024)

struct exclusion {
    uint16_t port; /* 0: the rule is for addresses */
    uint8_t prefix[16];
    uint8_t prefix_bits;
};

static struct exclusion exclusions[MOST_RULES];
static int exclusion_count;
static bool all_excluded;

static bool add_port(const char *word) {
    char *end;
    long port = strtol(word, &end, 10);
    if (*end || end == word || port < 1 || port > 65535) return false;
    exclusions[exclusion_count++].port = (uint16_t)port;
    return true;
}

static bool add_address(char *word) {
    struct exclusion *rule = &exclusions[exclusion_count];
    char *slash = strchr(word, '/'), *end = NULL;
    long bits = 128;
    if (slash) {
        *slash = 0;
        bits = strtol(slash + 1, &end, 10);
        if (*end || end == slash + 1 || bits < 0) return false;
    }
    if (inet_pton(AF_INET, word, rule->prefix + 12) == 1) {
        memset(rule->prefix, 0, 10);
        memset(rule->prefix + 10, 0xff, 2);
        bits = slash ? bits + 96 : 128;
    } else if (inet_pton(AF_INET6, word, rule->prefix) != 1) {
        return false;
    }
    if (bits > 128) return false;
    rule->prefix_bits = (uint8_t)bits;
    exclusion_count++;
    return true;
}

static bool add_line(char *line) {
    char *rest = NULL, *kind = strtok_r(line, " \t=", &rest), *word = strtok_r(NULL, " \t=", &rest);
    if (!kind || *kind == '#') return true;
    if (!word || strtok_r(NULL, " \t", &rest) || exclusion_count == MOST_RULES) return false;
    if (strcmp(kind, "program") == 0) {
        if (strcmp(word, program_invocation_short_name) == 0) all_excluded = true;
        return true;
    }
    if (strcmp(kind, "port") == 0) return add_port(word);
    if (strcmp(kind, "address") == 0) return add_address(word);
    return false;
}

static void add_text(char *text, const char *separators) {
    char *rest = NULL;
    for (char *line = strtok_r(text, separators, &rest); line; line = strtok_r(NULL, separators, &rest))
        if (!add_line(line)) all_excluded = true;
}

void exclusions_read(void) {
    static char text[MOST_TEXT];
    KEEP_ERRNO;
    const char *variable = getenv(EXCLUDE_VARIABLE);
    if (variable) {
        if (strlen(variable) >= sizeof text) all_excluded = true;
        else add_text(strcpy(text, variable), ",");
    }
    int fd = (int)kernel(SYS_openat, AT_FDCWD, EXCLUDE_FILE, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    ssize_t n = kernel(SYS_read, fd, text, sizeof text - 1);
    kernel(SYS_close, fd);
    if (n < 0 || n == sizeof text - 1) {
        all_excluded = true;
        return;
    }
    text[n] = 0;
    add_text(text, "\n");
}

static bool end_of(bool remote, int fd, uint8_t address[16], uint16_t *port) {
    struct sockaddr_storage name = {0};
    socklen_t size = sizeof name;
    if (kernel(remote ? SYS_getpeername : SYS_getsockname, fd, &name, &size) != 0) return false;
    memset(address, 0, 16);
    if (name.ss_family == AF_INET) {
        memset(address + 10, 0xff, 2);
        memcpy(address + 12, &((struct sockaddr_in *)&name)->sin_addr, 4);
        *port = ntohs(((struct sockaddr_in *)&name)->sin_port);
    } else {
        memcpy(address, &((struct sockaddr_in6 *)&name)->sin6_addr, 16);
        *port = ntohs(((struct sockaddr_in6 *)&name)->sin6_port);
    }
    return true;
}

static bool in_prefix(const uint8_t *address, const struct exclusion *rule) {
    for (int bit = 0; bit < rule->prefix_bits; bit++)
        if ((address[bit / 8] ^ rule->prefix[bit / 8]) & 0x80 >> bit % 8) return false;
    return true;
}

bool is_excluded(int fd) {
    uint8_t local[16], remote[16];
    uint16_t local_port, remote_port;
    if (all_excluded || exclusion_count == 0) return all_excluded;
    if (!end_of(false, fd, local, &local_port) || !end_of(true, fd, remote, &remote_port)) return false;
    for (int i = 0; i < exclusion_count; i++) {
        const struct exclusion *rule = &exclusions[i];
        if (rule->port ? rule->port == local_port || rule->port == remote_port : in_prefix(remote, rule)) return true;
    }
    return false;
}
