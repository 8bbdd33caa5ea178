#include "unit.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 20000, STREAM_BYTES = 8 << 20 };

/* A flow whose own host gives back to it what it sends. */
static struct flow *loop_at(uint32_t position) {
    host_begin();
    struct flow *f = make_flow(-1);
    struct vs_slot *h = f->header;
    free(f->rx);
    f->rx = f->tx;
    h->tx_head = h->tx_tail = h->rx_head = h->rx_tail = position;
    return f;
}

static void host_moves(struct flow *f) {
    store(&f->header->rx_head, load(&f->header->tx_head));
    store(&f->header->tx_tail, load(&f->header->rx_tail));
}

static uint8_t byte_at(uint64_t position) {
    return (uint8_t)(position * 7 + position / 251);
}

/* Random puts and takes in pieces of random sizes, with parts of them skipped as after a short count. */
static void stream_from(uint32_t position) {
    struct flow *f = loop_at(position);
    uint64_t put = 0, taken = 0;
    uint32_t seed = position | 1;
    static uint8_t buffer[VS_RING_BYTES * 2];
    for (int round = 0; round < ROUNDS / 10; round++) {
        uint32_t size = random_below(&seed, round % 8 ? 5000 : sizeof buffer), cut = random_below(&seed, size + 1);
        size_t skip = random_below(&seed, size + 1);
        struct iovec parts[] = {bytes_of(buffer, cut), bytes_of(buffer, 0), bytes_of(buffer + cut, size - cut)};
        if (random_below(&seed, 2)) {
            for (size_t k = skip; k < size; k++) buffer[k] = byte_at(put + k - skip);
            uint32_t room = tx_free(f);
            ssize_t n = ring_put(f, parts, 3, skip);
            check(n == (ssize_t)(size - skip < room ? size - skip : room));
            put += (uint64_t)n;
        } else {
            ssize_t n = ring_take(f, parts, 3, skip, 0);
            check(n >= 0 && (n > 0 || size == skip || put == taken));
            for (ssize_t k = 0; k < n; k++) check(buffer[skip + (size_t)k] == byte_at(taken + (uint64_t)k));
            taken += (uint64_t)n;
        }
        host_moves(f);
        check(rx_available(f) == put - taken && tx_free(f) == VS_RING_BYTES - (put - taken));
    }
    check(taken > VS_RING_BYTES);
}

void ring_is_a_stream_wherever_it_begins(void) {
    stream_from(0);
    stream_from(VS_RING_BYTES - 1);
    stream_from(UINT32_MAX - 3);
    stream_from(0u - 3 * VS_RING_BYTES / 2); /* 2^32 comes in the middle of a ring that is in use */
    stream_from(INT32_MAX - 5);
}

void ring_is_full_and_empty(void) {
    struct flow *f = loop_at(UINT32_MAX - 100);
    uint8_t *all = malloc(VS_RING_BYTES + 1);
    struct iovec one = bytes_of(all, 1), more = bytes_of(all, VS_RING_BYTES + 1);
    memset(all, 7, VS_RING_BYTES + 1);
    check(rx_available(f) == 0 && ring_take(f, &one, 1, 0, 0) == 0 && tx_free(f) == VS_RING_BYTES);
    check(ring_put(f, &more, 1, 0) == VS_RING_BYTES && tx_free(f) == 0 && ring_put(f, &one, 1, 0) == 0);
    host_moves(f);
    check(rx_available(f) == VS_RING_BYTES && ring_take(f, &one, 1, 0, 0) == 1);
    check(tx_free(f) == 0); /* until the host says so */
    host_moves(f);
    check(tx_free(f) == 1 && ring_put(f, &more, 1, 0) == 1);
    host_moves(f);
    check(ring_take(f, &more, 1, 0, 0) == VS_RING_BYTES && rx_available(f) == 0);
    free(all);
}

void ring_takes_what_flags_say(void) {
    struct flow *f = loop_at(VS_RING_BYTES - 3);
    char text[] = "abcdefgh", out[9] = "";
    struct iovec in = bytes_of(text, 8), four = bytes_of(out, 4), nowhere = bytes_of(NULL, 4);
    ring_put(f, &in, 1, 0);
    host_moves(f);
    for (int k = 0; k < 2; k++) check(ring_take(f, &four, 1, 0, MSG_PEEK) == 4 && !memcmp(out, "abcd", 4));
    check(ring_take(f, &four, 1, 0, 0) == 4 && rx_available(f) == 4);
    memset(out, '-', 8);
    memset(out, 'x', sizeof out);
    check(ring_take(f, &four, 1, 0, MSG_TRUNC | MSG_PEEK) == 4 && out[0] == 'x'); /* TCP copies nothing then, either */
    check(ring_take(f, &nowhere, 1, 0, MSG_TRUNC) == 4 && rx_available(f) == 0);
}

void ring_refuses_bad_addresses(void) {
    struct flow *f = loop_at(0);
    char text[] = "abcdefgh";
    struct iovec good = bytes_of(text, 4), parts[] = {bytes_of(text, 4), bytes_of((void *)8, 4)};
    check(ring_put(f, parts + 1, 1, 0) == -1 && errno == EFAULT && f->header->tx_head == 0);
    check(ring_put(f, parts, 2, 0) == 4); /* as the kernel: what came before the bad one */
    ring_put(f, &good, 1, 0);
    host_moves(f);
    check(ring_take(f, parts + 1, 1, 0, 0) == -1 && errno == EFAULT && rx_available(f) == 8);
    check(ring_take(f, parts, 2, 0, 0) == 4 && rx_available(f) == 4);
}

void ring_ends_at_a_stop(void) {
    struct flow *f = loop_at(UINT32_MAX - 1);
    struct vs_slot *h = f->header;
    char text[] = "abcdef", out[8];
    struct iovec in = bytes_of(text, 6), all = bytes_of(out, 8);
    ring_put(f, &in, 1, 0);
    tx_stop_locked(f);
    check(!tx_on_ring(h) && h->tx_gate == GATE_SHUT && h->tx_stop_position == 4);
    tx_stop_locked(f);
    check(h->tx_stops == 1); /* once */
    h->rx_head = h->tx_head + 10; /* bytes of a later start */
    h->rx_stop_position = h->tx_stop_position;
    h->rx_stops = 1;
    check(rx_available(f) == 6 && !rx_at_stop(h));
    check(ring_take(f, &all, 1, 0, 0) == 6 && rx_at_stop(h) && ring_take(f, &all, 1, 0, 0) == 0);
    rx_leave_ring_locked(f);
    check(!h->rx_on_ring && !rx_stop_told(h) && f->tcp_maybe);
    h->rx_final_position = h->rx_tail;
    check(!rx_at_end(f));
    h->rx_final = 1;
    check(rx_at_end(f));
}

void ring_holds_back_under_the_low_water(void) {
    struct flow *f = loop_at(0);
    struct vs_slot *h = f->header;
    h->low_water = 100;
    check(!rx_enough(f));
    h->rx_head = 99;
    check(rx_available(f) == 99 && !rx_enough(f));
    h->rx_head = 100;
    check(rx_enough(f));
    h->rx_head = 1;
    h->rx_final = 1; /* nothing more comes */
    check(rx_enough(f));
    h->rx_final = 0;
    h->rx_stops = 1; /* nothing more comes here */
    h->rx_stop_position = 1;
    check(rx_enough(f));
}

/* The rings lie between pages that nobody may touch. */
static uint8_t *guarded(void) {
    size_t page = 4096;
    uint8_t *at = mmap(NULL, VS_RING_BYTES + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(mprotect(at + page, VS_RING_BYTES, PROT_READ | PROT_WRITE) == 0);
    return at + page;
}

static uint32_t somewhere(uint32_t *seed) {
    static const uint32_t edges[] = {0, 1, VS_RING_BYTES - 1, VS_RING_BYTES, VS_RING_BYTES + 1, INT32_MAX, 1u << 31, UINT32_MAX};
    return edges[random_below(seed, 8)] + random_below(seed, 3) + (random_below(seed, 2) ? random_below(seed, UINT32_MAX) : 0);
}

void ring_stays_within_its_memory_whatever_the_host_says(void) {
    struct flow *f = loop_at(0);
    struct vs_slot *h = f->header;
    uint8_t *buffer = malloc(VS_RING_BYTES * 2);
    struct iovec all = bytes_of(buffer, VS_RING_BYTES * 2);
    uint32_t seed = 1;
    memset(buffer, 1, VS_RING_BYTES * 2);
    f->tx = guarded();
    f->rx = guarded();
    for (int round = 0; round < ROUNDS / 4; round++) {
        h->rx_head = somewhere(&seed);
        h->tx_tail = somewhere(&seed);
        h->rx_stops = random_below(&seed, 2);
        h->rx_stop_position = somewhere(&seed);
        h->rx_final = random_below(&seed, 2);
        h->rx_final_position = somewhere(&seed);
        h->rx_tail = somewhere(&seed);
        h->tx_head = somewhere(&seed);
        check(rx_available(f) <= VS_RING_BYTES && tx_free(f) <= VS_RING_BYTES);
        ssize_t taken = ring_take(f, &all, 1, 0, 0), put = ring_put(f, &all, 1, 0);
        check(taken >= 0 && taken <= (ssize_t)VS_RING_BYTES && put >= 0 && put <= (ssize_t)VS_RING_BYTES);
    }
    free(buffer);
}

static void *sender(void *of) {
    struct flow *f = of;
    uint8_t piece[3000];
    uint32_t seed = 5;
    for (uint64_t put = 0; put < STREAM_BYTES;) {
        uint32_t size = random_below(&seed, sizeof piece) + 1;
        if (size > STREAM_BYTES - put) size = (uint32_t)(STREAM_BYTES - put);
        for (uint32_t k = 0; k < size; k++) piece[k] = byte_at(put + k);
        slot_lock(&f->header->tx_lock);
        ssize_t n = ring_put(f, &(struct iovec){piece, size}, 1, 0);
        slot_unlock(&f->header->tx_lock);
        put += (uint64_t)n;
    }
    return NULL;
}

static struct {
    pthread_mutex_t lock;
    uint64_t taken;
} readers = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Two of them share the reading: what each takes is a piece of the stream. */
static void *receiver(void *of) {
    struct flow *f = of;
    uint8_t piece[5000];
    for (;;) {
        pthread_mutex_lock(&readers.lock);
        slot_lock(&f->header->rx_lock);
        ssize_t n = ring_take(f, &(struct iovec){piece, sizeof piece}, 1, 0, 0);
        slot_unlock(&f->header->rx_lock);
        for (ssize_t k = 0; k < n; k++) check(piece[k] == byte_at(readers.taken + (uint64_t)k));
        readers.taken += (uint64_t)n;
        bool done = readers.taken == STREAM_BYTES;
        pthread_mutex_unlock(&readers.lock);
        if (done) return NULL;
    }
}

void ring_between_threads(void) {
    struct flow *f = loop_at(UINT32_MAX - 1000);
    pthread_t threads[3];
    pthread_create(&threads[0], NULL, sender, f);
    for (int k = 1; k < 3; k++) pthread_create(&threads[k], NULL, receiver, f);
    while (load(&f->header->tx_tail) - (UINT32_MAX - 1000) != STREAM_BYTES) host_moves(f);
    for (int k = 0; k < 3; k++) pthread_join(threads[k], NULL);
    check(readers.taken == STREAM_BYTES);
}

void lock_of_a_killed_holder(void) {
    shared_word *lock = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status;
    pid_t child = fork();
    if (child == 0) {
        own_pid = getpid();
        slot_lock(lock);
        kill(own_pid, SIGKILL);
    }
    check(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && *lock == (uint32_t)child);
    slot_lock(lock);
    check(*lock == (uint32_t)gettid());
    slot_unlock(lock);
    check(*lock == 0);
}

/* Urgent data that came by TCP after the other end had left its ring: the kernel counts the queue up to there alone. */
void ring_comes_between_tcp_and_urgent_data(void) {
    host_begin();
    struct ends ends = connect_ends();
    struct flow *f = make_flow(ends.here);
    struct vs_slot *h = f->header;
    h->rx_on_ring = 0;
    h->rx_starts_taken = 0;
    h->rx_start_low = 5;
    memcpy(f->rx, "ring", 4);
    check(write(ends.there, "first", 5) == 5);
    host_delivers(f, 4);
    h->rx_starts = 1;
    h->rx_stop_position = 4;
    h->rx_stops = 1;
    check(write(ends.there, "last", 4) == 4);
    check(send(ends.there, "!", 1, MSG_OOB) == 1);
    struct pollfd urgent = {ends.here, POLLPRI, 0};
    check(poll(&urgent, 1, 60000) == 1);
    char all[64];
    struct iovec room = bytes_of(all, sizeof all);
    check(flow_receive(ends.here, f, &room, 1, MSG_DONTWAIT, AS_RECV) == 13 && memcmp(all, "firstringlast", 13) == 0);
}
