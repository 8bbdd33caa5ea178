/*
 * Whether processor time is scarce, learned from what a spin loses: a bucket that lost time fills and time empties. When it
 * runs over, spinning pauses, twice as long each time. As much spinning as the pause was long, without the next one, makes
 * it half as long again. So a machine that stays full costs a try now and then, one that is free again is found to be, and
 * time in which nobody spun says nothing. src/dataplane/scarcity.ts is the same.
 */
#ifndef VSOCKET_SCARCITY_H
#define VSOCKET_SCARCITY_H

#include <stdbool.h>
#include <stdint.h>

/* A turn of a spin that took so long was somebody else's slice. */
#define SCARCITY_LOST_NS 500000ull
/* So much may be lost at once: a slice is 3 or 4 ms long, and one alone says nothing. */
#define SCARCITY_MOST_DEBT_NS 6000000ull
/* One part in so many of all time may be lost for ever: a neighbour of low priority takes less, and a spin is still worth it. */
#define SCARCITY_BEARABLE 4
#define SCARCITY_LEAST_PAUSE_NS 30000000ull
#define SCARCITY_MOST_PAUSE_NS 2000000000ull

struct scarcity {
    uint64_t debt_ns, seen_ns, pause_ns, until_ns;
    uint64_t tried_ns; /* time that was spun since the pause was changed */
};

void scarcity_spun(struct scarcity *s, uint64_t ns);
void scarcity_lose(struct scarcity *s, uint64_t now_ns, uint64_t lost_ns);
bool scarcity_is_on(const struct scarcity *s, uint64_t now_ns);

#endif
