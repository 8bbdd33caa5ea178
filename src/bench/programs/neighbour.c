/* A neighbour on the machine's processors: it only spins, all of the time or a part of each period. */
#include "program.h"

#include <signal.h>
#include <sys/prctl.h>

static void spin_until(uint64_t end) {
    while (now_nanoseconds() < end) continue;
}

static void spin_parts(uint64_t spin, uint64_t period) {
    for (uint64_t begin = now_nanoseconds();; begin += period) {
        struct timespec next = {(time_t)((begin + period) / 1000000000ull), (long)((begin + period) % 1000000000ull)};
        spin_until(begin + spin);
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    }
}

int main(int count, char **words) {
    uint64_t spin = count == 3 ? strtoull(words[1], NULL, 10) : 0, period = count == 3 ? strtoull(words[2], NULL, 10) : 0;
    if (spin == 0 || period < spin) return usage("neighbour SPIN-MICROSECONDS PERIOD-MICROSECONDS");
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* whatever happens to the benchmark */
    puts("ready");
    fflush(stdout);
    if (spin == period) for (;;) continue;
    spin_parts(spin * 1000, period * 1000);
}
