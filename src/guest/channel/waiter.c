#include "channel.h"

#include "flow/descriptors.h"

#include <stdlib.h>

#define WAITER_RETRY_NS (200 * NS_PER_MILLISECOND)

static uint32_t waiters_taken[VS_ARMED_WORDS];

static uint32_t take_index(void) {
    for (uint32_t word = 0; word < VS_ARMED_WORDS; word++) {
        uint32_t taken;
        while ((taken = load(&waiters_taken[word])) != UINT32_MAX) {
            uint32_t bit = (uint32_t)__builtin_ctz(~taken);
            if (!(set_bits(&waiters_taken[word], 1u << bit) & (1u << bit))) return word * 32 + bit;
        }
    }
    return VS_WAITERS; /* it cannot connect, and its sleeps are short */
}

struct waiter *waiter_new(void) {
    struct waiter *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    w->fd = -1;
    w->index = take_index();
    return w;
}

void waiter_free(struct waiter *w) {
    waiter_disarm(w);
    if (w->fd >= 0) unhide_close(w->fd);
    if (w->index < VS_WAITERS) clear_bits(&waiters_taken[w->index / 32], 1u << w->index % 32);
    free(w);
}

bool waiter_connect(struct waiter *w) {
    if (w->fd >= 0) return true;
    KEEP_ERRNO;
    channel_check();
    if (w->index >= VS_WAITERS || now_ns() < w->retry_at_ns || !channel_ready()) return false;
    w->fd = channel_open_waiter(w->index);
    if (w->fd < 0) w->retry_at_ns = now_ns() + WAITER_RETRY_NS;
    return w->fd >= 0;
}

void waiter_arm(struct waiter *w) {
    if (w->fd < 0) return;
    struct vs_process *p = own_process();
    uint32_t word = w->index / 32;
    set_bits(&p->armed[word], 1u << w->index % 32);
    if (!(load(&p->armed_summary) & 1u << word)) set_bits(&p->armed_summary, 1u << word);
}

void waiter_disarm(struct waiter *w) {
    if (w->fd >= 0) clear_bits(&own_process()->armed[w->index / 32], 1u << w->index % 32);
}

bool waiter_drain(struct waiter *w) {
    char bytes[64];
    if (w->fd < 0) return false;
    ssize_t n = kernel(SYS_recvfrom, w->fd, bytes, sizeof bytes, MSG_DONTWAIT, NULL, NULL);
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

void waiters_after_fork(void) {
    memset(waiters_taken, 0, sizeof waiters_taken);
    fork_generation++;
}
