/*
 * A process that claims a socket and goes over to a ring must know that nobody else reads or writes it by the kernel
 * alone. So who forks with a socket, or hands it on, counts its holders here, in memory that all processes of the VM
 * have; who is left alone with it may claim it. What is not in the table is not claimed: a process that was killed
 * never says that it is gone, and a full table forgets.
 */
#include "descriptors.h"

#include "channel/channel.h"

#define PROBES 16

static struct vs_holders *place_of(uint64_t cookie, bool to_add) {
    if (!cookie || !shared_front) return NULL;
    for (uint32_t probe = 0; probe < PROBES; probe++) {
        struct vs_holders *at = &shared_front->holders[(cookie + probe) % VS_HOLDERS];
        if (load(&at->cookie) == cookie) return at;
    }
    for (uint32_t probe = 0; to_add && probe < PROBES; probe++) {
        struct vs_holders *at = &shared_front->holders[(cookie + probe) % VS_HOLDERS];
        if (replace(&at->cookie, 0, cookie)) return at;
    }
    return NULL;
}

static void remove_at(struct vs_holders *at) {
    store(&at->count, 0);
    store(&at->cookie, 0);
}

void holders_add(struct connection *c, int by) {
    struct vs_holders *at = place_of(c->cookie, by > 0 && !c->shared);
    if (!at) {
        c->shared = 1;
        return;
    }
    if (!c->shared) store(&at->count, 1u);
    c->shared = 1;
    if (add_to(&at->count, (uint32_t)by) == 0) remove_at(at);
}

bool holders_alone(struct connection *c) {
    if (!c->shared) return true;
    struct vs_holders *at = place_of(c->cookie, false);
    if (!at || load(&at->count) != 1) return false;
    c->shared = 0;
    remove_at(at);
    return true;
}
