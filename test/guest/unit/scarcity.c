/* The rule by itself; test/dataplane/scarcity.test.ts has the same of its twin. */
#include "unit.h"

#include "wait/scarcity.h"

#define MS 1000000ull

void scarcity_bears_a_little(void) {
    struct scarcity s = {0};
    uint32_t seed = 1;
    uint64_t now = 1000 * MS;
    for (int round = 0; round < 100000; round++) {
        uint64_t lost = SCARCITY_LOST_NS + random_below(&seed, SCARCITY_MOST_DEBT_NS / 2);
        now += lost * SCARCITY_BEARABLE;
        scarcity_lose(&s, now, lost);
        check(!scarcity_is_on(&s, now));
    }
}

/* Until a pause begins; every turn but each `every`th takes a millisecond and loses nothing. */
static uint64_t spin_until_pause(struct scarcity *s, uint64_t now, uint32_t every, uint64_t slice) {
    for (uint32_t turn = 1;; turn++) {
        now += MS;
        scarcity_spun(s, MS);
        if (turn % every) continue;
        now += slice;
        scarcity_spun(s, slice);
        scarcity_lose(s, now, slice);
        if (scarcity_is_on(s, now)) return now;
    }
}

void scarcity_is_tried_more_and_more_seldom(void) {
    uint32_t seed = 7;
    for (int neighbour = 0; neighbour < 100; neighbour++) {
        struct scarcity s = {0};
        uint32_t every = 1 + random_below(&seed, 4);
        uint64_t slice = (3 + random_below(&seed, 22)) * MS, begin = 1000 * MS, now = begin, spun = 0, last = 0;
        while (now < begin + 100 * SCARCITY_MOST_PAUSE_NS) {
            uint64_t end = spin_until_pause(&s, now, every, slice), pause = s.until_ns - end;
            check(pause >= last);
            last = pause;
            spun += end - now;
            now = s.until_ns;
        }
        check(last == SCARCITY_MOST_PAUSE_NS && spun < (now - begin) / 50);
    }
}

void scarcity_is_forgotten_by_spinning_alone(void) {
    struct scarcity s = {0};
    uint64_t now = 1000 * MS;
    while (s.pause_ns < SCARCITY_MOST_PAUSE_NS) {
        spin_until_pause(&s, now, 1, 8 * MS);
        now = s.until_ns;
    }
    now += 3600000 * MS;
    uint64_t end = spin_until_pause(&s, now, 1, 8 * MS);
    check(s.until_ns - end == SCARCITY_MOST_PAUSE_NS);
    now = s.until_ns + 2 * SCARCITY_MOST_PAUSE_NS;
    for (uint64_t spun = 0; spun < 2 * SCARCITY_MOST_PAUSE_NS; spun += MS) scarcity_spun(&s, MS);
    end = spin_until_pause(&s, now, 1, 8 * MS);
    check(s.until_ns - end == SCARCITY_LEAST_PAUSE_NS);
}
