/*
 * How this process reaches its host's vsockd: a stream on which it introduces itself and rings, and the VM's
 * memory. Each sleeper has a stream of its own, on which vsockd sends a byte to wake it. The formats are
 * in src/channel/hello.ts. Memory comes as a descriptor here; a VM with a device would map its BAR instead.
 */
#include "internal.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/un.h>
#include <unistd.h>

#define RETRY_NS 200000000ull
enum { HELLO_MAP = 1, HELLO_PROCESS = 2, HELLO_WAITER = 3 };

struct hello {
    uint32_t magic, type, process, waiter;
    char program[32];
};

struct vs_region *shared_region;
uint32_t process_index = VS_PROCESSES;

static int control = -1;
static uint64_t retry_at_ns;
static pthread_mutex_t channel_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t waiters_taken;

/* Taken once, at the start: some programs (nginx) clear their environment later. */
static struct sockaddr_un channel_address = {.sun_family = AF_UNIX};

bool channel_configured(void) {
    const char *path = getenv("VSOCKET_CHANNEL");
    if (!path || strlen(path) >= sizeof channel_address.sun_path) return false;
    strcpy(channel_address.sun_path, path);
    return true;
}

static int channel_open(uint32_t type, uint32_t process, uint32_t waiter) {
    int fd = real()->socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || (fd = hide_descriptor(fd)) < 0) return -1;
    struct hello hello = {VS_MAGIC, type, process, waiter, {0}};
    strncpy(hello.program, program_invocation_short_name, sizeof hello.program - 1);
    if (real()->connect(fd, (struct sockaddr *)&channel_address, sizeof channel_address) != 0 ||
        real()->send(fd, &hello, sizeof hello, MSG_NOSIGNAL) != sizeof hello) {
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
    if (real()->poll(&wait, 1, 2000) != 1 || real()->recvmsg(fd, &message, MSG_CMSG_CLOEXEC) != 1) return -1;
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    int received = -1;
    if (part && part->cmsg_type == SCM_RIGHTS) memcpy(&received, CMSG_DATA(part), sizeof received);
    return received;
}

static bool map_locked(void) {
    if (shared_region) return true;
    if (now_ns() < retry_at_ns) return false;
    retry_at_ns = now_ns() + RETRY_NS;
    int fd = channel_open(HELLO_MAP, 0, 0);
    if (fd < 0) return false;
    int memory = receive_descriptor(fd);
    unhide_close(fd);
    if (memory < 0) return false;
    struct vs_region *mapped = mmap(NULL, VS_REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    real()->close(memory);
    if (mapped == MAP_FAILED) return false;
    if (mapped->magic != VS_MAGIC || mapped->version != VS_LAYOUT_VERSION || mapped->slot_count != VS_SLOTS ||
        mapped->ring_bytes != VS_RING_BYTES) {
        munmap(mapped, VS_REGION_BYTES);
        enabled = false; /* an older or newer host: everything stays on TCP */
        return false;
    }
    store(&shared_region, mapped);
    retry_at_ns = 0;
    return true;
}

bool channel_map(void) {
    if (load(&shared_region)) return true;
    if (!enabled) return false;
    int saved = errno;
    pthread_mutex_lock(&channel_lock);
    bool mapped = map_locked();
    pthread_mutex_unlock(&channel_lock);
    errno = saved;
    return mapped;
}

static bool take_process_block(void) {
    uint32_t pid = (uint32_t)getpid();
    if (process_index < VS_PROCESSES && load(&shared_region->processes[process_index].pid) == pid) return true;
    for (uint32_t i = 0; i < VS_PROCESSES; i++) {
        uint32_t none = 0;
        if (__atomic_compare_exchange_n(&shared_region->processes[i].pid, &none, pid, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST)) {
            process_index = i;
            return true;
        }
    }
    return false;
}

static bool ready_locked(void) {
    if (control >= 0) return true;
    if (!map_locked() || now_ns() < retry_at_ns) return false;
    retry_at_ns = now_ns() + RETRY_NS;
    if (!take_process_block() || (control = channel_open(HELLO_PROCESS, process_index, 0)) < 0) return false;
    retry_at_ns = 0;
    return true;
}

bool channel_ready(void) {
    if (load(&control) >= 0) return true;
    if (!enabled) return false;
    int saved = errno;
    pthread_mutex_lock(&channel_lock);
    bool ready = ready_locked();
    pthread_mutex_unlock(&channel_lock);
    errno = saved;
    return ready;
}

struct vs_process *own_process(void) {
    return process_index < VS_PROCESSES ? &shared_region->processes[process_index] : NULL;
}

/* False when vsockd is not there to hear it. */
static bool ring_host(void) {
    int saved = errno;
    bool rung = channel_ready();
    if (rung && real()->send(control, "!", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN) {
        pthread_mutex_lock(&channel_lock);
        if (control >= 0) unhide_close(control);
        control = -1;
        rung = ready_locked(); /* its hello wakes a vsockd that was started again */
        pthread_mutex_unlock(&channel_lock);
    }
    errno = saved;
    return rung;
}

void doorbell(uint32_t slot) {
    struct vs_region *r = shared_region;
    uint32_t word = slot / 32, summary_bit = 1u << (word % 32);
    set_bits(&r->doorbell_bits[word], 1u << (slot % 32));
    if (!(load(&r->doorbell_summary[word / 32]) & summary_bit)) set_bits(&r->doorbell_summary[word / 32], summary_bit);
    if (__builtin_expect(load(&r->host_sleeping), 0) && swap(&r->host_sleeping, 0) && !ring_host())
        store(&r->host_sleeping, 1); /* else nobody would ring again */
}

struct waiter *waiter_new(void) {
    struct waiter *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    w->fd = -1;
    w->index = VS_WAITERS;
    for (uint32_t i = 0; i < VS_WAITERS; i++)
        if (!(set_bits(&waiters_taken, 1ull << i) & (1ull << i))) {
            w->index = i;
            break;
        }
    return w; /* with no index left it cannot connect, and its sleeps are short */
}

void waiter_free(struct waiter *w) {
    waiter_disarm(w);
    if (w->fd >= 0) unhide_close(w->fd);
    if (w->index < VS_WAITERS) clear_bits(&waiters_taken, 1ull << w->index);
    free(w);
}

/* A vsockd that was started again does not know this process until it introduces itself. */
static void control_check(void) {
    char byte;
    pthread_mutex_lock(&channel_lock);
    if (control >= 0 && real()->recv(control, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) {
        unhide_close(control);
        control = -1;
    }
    pthread_mutex_unlock(&channel_lock);
}

bool waiter_connect(struct waiter *w) {
    if (w->fd >= 0) return true;
    int before = errno;
    control_check();
    errno = before;
    if (w->index >= VS_WAITERS || now_ns() < w->retry_at_ns || !channel_ready()) return false;
    int saved = errno;
    w->fd = channel_open(HELLO_WAITER, process_index, w->index);
    if (w->fd < 0) w->retry_at_ns = now_ns() + RETRY_NS;
    errno = saved;
    return w->fd >= 0;
}

void waiter_arm(struct waiter *w) {
    if (w->fd >= 0) set_bits(&own_process()->armed[w->index / 32], 1u << (w->index % 32));
}

void waiter_disarm(struct waiter *w) {
    if (w->fd >= 0) clear_bits(&own_process()->armed[w->index / 32], 1u << (w->index % 32));
}

bool waiter_drain(struct waiter *w) {
    char bytes[64];
    if (w->fd < 0) return false;
    ssize_t n = real()->recv(w->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n > 0 || (n < 0 && errno == EAGAIN)) return false;
    unhide_close(w->fd); /* vsockd went away; one that is started again finds us through these */
    w->fd = -1;
    return waiter_connect(w);
}

static pthread_key_t thread_key;
static pthread_once_t thread_once = PTHREAD_ONCE_INIT;
static __thread struct waiter *thread_waiter;
static __thread uint32_t thread_generation;
static uint32_t fork_generation;

static void thread_end(void *w) {
    if (thread_generation == fork_generation) waiter_free(w);
}

static void thread_key_make(void) {
    pthread_key_create(&thread_key, thread_end);
}

struct waiter *waiter_of_thread(void) {
    if (!thread_waiter || thread_generation != fork_generation) {
        pthread_once(&thread_once, thread_key_make);
        thread_waiter = waiter_new();
        thread_generation = fork_generation;
        pthread_setspecific(thread_key, thread_waiter);
    }
    return thread_waiter;
}

/* In the child: the connections are the parent's; the memory is the VM's. */
void channel_after_fork(void) {
    pthread_mutex_init(&channel_lock, NULL);
    control = -1;
    process_index = VS_PROCESSES;
    waiters_taken = 0;
    retry_at_ns = 0;
    fork_generation++;
}
