/*
 * How this process reaches its host's vsockd: the memory that both share, the stream on which it rings, and the streams
 * on which its sleepers are woken.
 */
#ifndef VSOCKET_CHANNEL_H
#define VSOCKET_CHANNEL_H

#include "platform/platform.h"
#include "reasons.h"
#include "region.h"

extern bool enabled;                    /* false: the library only hands every call on */
extern struct vs_front *shared_front;   /* NULL until the first connection */
extern struct vs_region *shared_region; /* NULL until the first claim */
extern uint32_t process_index;          /* VS_PROCESSES: none */

bool channel_configured(void);      /* the environment names a channel */
bool channel_map_front(void);       /* asks vsockd for the memory when need be */
bool channel_ready(void);           /* the region is mapped, and this process is known to vsockd */
uint8_t *channel_map_rings(uint32_t slot); /* NULL when there is no memory; mapped once, and kept */
void channel_after_fork(void);
/* From here on the process may make no calls of the library's own: it has locked itself into a sandbox. */
void channel_seal(void);
bool channel_is_sealed(void);
/* Forgets a stream that vsockd closed; one that was started again must be told who this is. */
void channel_check(void);
int channel_open_waiter(uint32_t waiter); /* a hidden descriptor, or -1 */
void doorbell(uint32_t slot);
struct vs_process *own_process(void);

/* ---- a stream on which vsockd wakes one sleeper: a thread or an epoll instance (waiter.c) ---- */

struct waiter {
    _Atomic int fd; /* -1: not connected */
    uint32_t index;
    _Atomic uint64_t retry_at_ns;
};
struct waiter *waiter_new(void);
void waiter_free(struct waiter *w);
struct waiter *waiter_of_thread(void);
bool waiter_connect(struct waiter *w);
void waiter_arm(struct waiter *w);
void waiter_disarm(struct waiter *w);
/* Takes the bytes from it; when vsockd went away, connects again if that can be: true when it is a new connection. */
bool waiter_drain(struct waiter *w);
void waiters_after_fork(void);

#endif
