#include "scarcity.h"

bool scarcity_is_on(const struct scarcity *s, uint64_t now_ns) {
    return now_ns < s->until_ns;
}

void scarcity_spun(struct scarcity *s, uint64_t ns) {
    s->tried_ns += ns;
    if (s->tried_ns < s->pause_ns) return;
    s->tried_ns = 0;
    s->pause_ns /= 2;
}

static void begin_pause(struct scarcity *s, uint64_t now_ns) {
    s->pause_ns *= 2;
    if (s->pause_ns < SCARCITY_LEAST_PAUSE_NS) s->pause_ns = SCARCITY_LEAST_PAUSE_NS;
    if (s->pause_ns > SCARCITY_MOST_PAUSE_NS) s->pause_ns = SCARCITY_MOST_PAUSE_NS;
    s->tried_ns = 0;
    s->until_ns = s->seen_ns = now_ns + s->pause_ns;
    s->debt_ns = SCARCITY_MOST_DEBT_NS / 2; /* the next try is a short one */
}

void scarcity_lose(struct scarcity *s, uint64_t now_ns, uint64_t lost_ns) {
    if (scarcity_is_on(s, now_ns)) return;
    uint64_t paid = (now_ns - s->seen_ns) / SCARCITY_BEARABLE;
    s->debt_ns = (s->debt_ns > paid ? s->debt_ns - paid : 0) + lost_ns;
    s->seen_ns = now_ns;
    if (s->debt_ns >= SCARCITY_MOST_DEBT_NS) begin_pause(s, now_ns);
}
