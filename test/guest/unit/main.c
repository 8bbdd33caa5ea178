#include "unit.h"

#include <netinet/in.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
    const char *name;
    void (*run)(void);
} units[] = {
#define UNIT_ENTRY(name) {#name, name},
    UNITS(UNIT_ENTRY)};

void check_failed(const char *file, int line, const char *condition) {
    fprintf(stderr, "%s:%d: not true: %s\n", file, line, condition);
    exit(1);
}

void check_child(pid_t child) {
    int status;
    check(child > 0 && waitpid(child, &status, 0) == child);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static struct vs_region memory __attribute__((aligned(4096)));

void host_begin(void) {
    memory.front = (struct vs_front){.magic = VS_MAGIC, .version = VS_LAYOUT_VERSION, .slot_count = VS_SLOTS};
    memory.front.ring_bytes = VS_RING_BYTES;
    memory.front.upgrade_after_calls = memory.front.upgrade_after_bytes = UINT32_MAX; /* no claims of the library's own */
    memory.processes[0].pid = (uint32_t)getpid();
    shared_front = &memory.front;
    shared_region = &memory;
    process_index = 0;
    enabled = true;
}

struct ends connect_ends(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    struct ends ends = {socket(AF_INET, SOCK_STREAM, 0), -1};
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    check(bind(listener, (void *)&at, sizeof at) == 0 && listen(listener, 1) == 0);
    check(getsockname(listener, (void *)&at, &size) == 0 && connect(ends.here, (void *)&at, size) == 0);
    check((ends.there = accept(listener, NULL, NULL)) >= 0);
    close(listener);
    return ends;
}

struct flow *make_flow(int fd) {
    static uint32_t slots;
    uint32_t slot = slots++;
    struct flow *f = calloc(1, sizeof *f);
    struct connection *c = connection_of(fd);
    struct vs_slot *h = &memory.slots[slot];
    *f = (struct flow){.slot = slot, .generation = 1, .header = h, .connection = c};
    f->tx = malloc(VS_RING_BYTES);
    f->rx = malloc(VS_RING_BYTES);
    h->generation = h->host_generation = h->users = h->low_water = 1;
    h->guest_state = GUEST_CLAIMED;
    h->host_state = HOST_OPEN;
    h->tx_allowed = h->tx_starts = h->rx_starts = h->rx_starts_taken = h->rx_ready = h->openings = h->rx_on_ring = 1;
    pthread_mutex_lock(&process_lock);
    flows_by_slot[slot] = f;
    if (c) store(&c->flow, f);
    flow_engage_locked(f);
    pthread_mutex_unlock(&process_lock);
    return f;
}

void host_notifies(struct flow *f) {
    struct vs_process *p = &memory.processes[0];
    uint32_t word = f->slot / 32;
    set_bits(&p->bits[word], 1u << f->slot % 32);
    set_bits(&p->summary[word / 32], 1u << word % 32);
}

void host_delivers(struct flow *f, uint32_t bytes) {
    store(&f->header->rx_head, f->header->rx_head + bytes);
    host_notifies(f);
}

int main(int argc, char **argv) {
    for (size_t k = 0; k < sizeof units / sizeof *units; k++) {
        if (argc < 2) puts(units[k].name);
        else if (!strcmp(argv[1], units[k].name)) return units[k].run(), 0;
    }
    return argc < 2 ? 0 : 2;
}
