/*
 * The formats are in src/channel/hello.ts. Memory comes as a descriptor here; a VM with a device would map its BAR instead.
 * Little is mapped before it is needed: the front pages at the first connection, the slots at the first claim, a flow's
 * rings when it is claimed. Some programs limit their address space, others lock all of it into memory.
 */
#include "channel.h"

#include "flow/descriptors.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/un.h>
#include <unistd.h>

#define RETRY_NS (200 * NS_PER_MILLISECOND)
#define MEMORY_WAIT_MILLISECONDS 2000
enum { HELLO_MAP = 1, HELLO_PROCESS = 2, HELLO_WAITER = 3 };

struct hello {
    uint32_t magic, type, process, waiter;
    char program[32];
};

bool enabled;
struct vs_front *shared_front;
struct vs_region *shared_region;
uint32_t process_index = VS_PROCESSES;

static int control = -1;
static int memory = -1;
static bool sealed;
static uint64_t retry_at_ns;
static pthread_mutex_t channel_lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t *rings_of_slot[VS_SLOTS];

/* Taken once, at the start: some programs (nginx) clear their environment later. */
static struct sockaddr_un channel_address = {.sun_family = AF_UNIX};

bool channel_configured(void) {
    const char *path = getenv("VSOCKET_CHANNEL");
    if (!path || strlen(path) >= sizeof channel_address.sun_path) return false;
    strcpy(channel_address.sun_path, path);
    return true;
}

static int channel_open(uint32_t type, uint32_t process, uint32_t waiter) {
    int fd = hide_descriptor((int)kernel(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (fd < 0) return -1;
    struct hello hello = {VS_MAGIC, type, process, waiter, {0}};
    strncpy(hello.program, program_invocation_short_name, sizeof hello.program - 1);
    if (kernel(SYS_connect, fd, &channel_address, sizeof channel_address) != 0 ||
        kernel(SYS_sendto, fd, &hello, sizeof hello, MSG_NOSIGNAL, NULL, 0) != sizeof hello) {
        unhide_close(fd);
        return -1;
    }
    return fd;
}

static int receive_descriptor(int fd) {
    char byte, space[CMSG_SPACE(sizeof(int))];
    struct iovec iov = {&byte, 1};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    struct pollfd wait = {fd, POLLIN, 0};
    if (kernel(SYS_poll, &wait, 1, MEMORY_WAIT_MILLISECONDS) != 1) return -1;
    if (kernel(SYS_recvmsg, fd, &message, MSG_CMSG_CLOEXEC) != 1) return -1;
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    int received = -1;
    if (part && part->cmsg_type == SCM_RIGHTS) memcpy(&received, CMSG_DATA(part), sizeof received);
    return received;
}

static void *map_memory(size_t from, size_t bytes) {
    void *mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory, (off_t)from);
    return mapped == MAP_FAILED ? NULL : mapped;
}

static bool may_try(void) {
    if (now_ns() < retry_at_ns) return false;
    retry_at_ns = now_ns() + RETRY_NS;
    return true;
}

/* A forked child has none: its own descriptors are few. */
static bool memory_locked(void) {
    if (memory >= 0) return true;
    int fd = may_try() ? channel_open(HELLO_MAP, 0, 0) : -1;
    if (fd < 0) return false;
    memory = hide_descriptor(receive_descriptor(fd));
    unhide_close(fd);
    if (memory >= 0) retry_at_ns = 0;
    return memory >= 0;
}

static bool map_front_locked(void) {
    if (shared_front) return true;
    struct vs_front *front = memory_locked() ? map_memory(0, sizeof *front) : NULL;
    if (!front) return false;
    if (front->magic != VS_MAGIC || front->version != VS_LAYOUT_VERSION || front->slot_count != VS_SLOTS ||
        front->ring_bytes != VS_RING_BYTES) {
        munmap(front, sizeof *front);
        enabled = false; /* an older or newer host: everything stays on TCP */
        return false;
    }
    store(&shared_front, front);
    return true;
}

bool channel_map_front(void) {
    if (load(&shared_front)) return true;
    if (!enabled || sealed) return false;
    KEEP_ERRNO;
    pthread_mutex_lock(&channel_lock);
    bool mapped = map_front_locked();
    pthread_mutex_unlock(&channel_lock);
    return mapped;
}

static bool take_process_block(void) {
    uint32_t pid = (uint32_t)getpid();
    if (process_index < VS_PROCESSES && load(&shared_region->processes[process_index].pid) == pid) return true;
    for (uint32_t i = 0; i < VS_PROCESSES; i++) {
        if (!replace(&shared_region->processes[i].pid, 0, pid)) continue;
        process_index = i;
        return true;
    }
    return false;
}

static bool ready_locked(void) {
    if (control >= 0) return true;
    if (!map_front_locked()) return false;
    if (!shared_region) {
        struct vs_region *region = memory_locked() ? map_memory(0, sizeof *region) : NULL;
        if (!region) return false;
        store(&shared_region, region);
    }
    if (!may_try() || !take_process_block()) return false;
    int fd = channel_open(HELLO_PROCESS, process_index, 0);
    if (fd < 0) return false;
    store(&control, fd);
    retry_at_ns = 0;
    return true;
}

bool channel_ready(void) {
    if (load(&control) >= 0) return true;
    if (!enabled || sealed || in_vfork_child()) return false;
    KEEP_ERRNO;
    pthread_mutex_lock(&channel_lock);
    bool ready = ready_locked();
    pthread_mutex_unlock(&channel_lock);
    return ready;
}

uint8_t *channel_map_rings(uint32_t slot) {
    if (load(&rings_of_slot[slot])) return rings_of_slot[slot];
    KEEP_ERRNO;
    pthread_mutex_lock(&channel_lock);
    size_t at = sizeof(struct vs_region) + (size_t)slot * 2 * VS_RING_BYTES;
    if (!rings_of_slot[slot] && memory_locked()) store(&rings_of_slot[slot], map_memory(at, 2 * VS_RING_BYTES));
    pthread_mutex_unlock(&channel_lock);
    return rings_of_slot[slot];
}

struct vs_process *own_process(void) {
    return process_index < VS_PROCESSES ? &shared_region->processes[process_index] : NULL;
}

void channel_seal(void) {
    sealed = true;
}

bool channel_is_sealed(void) {
    return sealed;
}

/* False when vsockd is not there to hear it. */
static bool ring_host(void) {
    KEEP_ERRNO;
    if (sealed) return false; /* vsockd looks by itself each second */
    bool rung = channel_ready();
    if (rung && kernel(SYS_sendto, load(&control), "!", 1, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0) < 0 && errno != EAGAIN) {
        if (in_vfork_child()) return false; /* the stream is its parent's, and so is what is known of it */
        pthread_mutex_lock(&channel_lock);
        if (control >= 0) unhide_close(control);
        store(&control, -1);
        rung = ready_locked(); /* its hello wakes a vsockd that was started again */
        pthread_mutex_unlock(&channel_lock);
    }
    return rung;
}

void doorbell(uint32_t slot) {
    struct vs_front *front = shared_front;
    uint32_t word = slot / 32, summary_bit = 1u << (word % 32);
    set_bits(&front->doorbell_bits[word], 1u << (slot % 32));
    if (!(load(&front->doorbell_summary[word / 32]) & summary_bit))
        set_bits(&front->doorbell_summary[word / 32], summary_bit);
    if (__builtin_expect(load(&front->host_sleeping), 0) && swap(&front->host_sleeping, 0) && !ring_host())
        store(&front->host_sleeping, 1); /* else nobody would ring again */
}

void channel_check(void) {
    char byte;
    KEEP_ERRNO;
    pthread_mutex_lock(&channel_lock);
    if (control >= 0 && kernel(SYS_recvfrom, control, &byte, 1, MSG_PEEK | MSG_DONTWAIT, NULL, NULL) == 0) {
        unhide_close(control);
        store(&control, -1);
    }
    pthread_mutex_unlock(&channel_lock);
}

int channel_open_waiter(uint32_t waiter) {
    return sealed ? -1 : channel_open(HELLO_WAITER, process_index, waiter);
}

/* In the child: the streams are the parent's; the memory is the VM's. */
void channel_after_fork(void) {
    pthread_mutex_init(&channel_lock, NULL);
    control = -1;
    memory = -1;
    process_index = VS_PROCESSES;
    retry_at_ns = 0;
    waiters_after_fork();
}
