/*
 * The model alone: two processes, each with a NIC, without vsockd and JavaScript. `round-trip MILLISECONDS` sends 64
 * bytes there and back; `stream MILLISECONDS` writes pieces of 64 KiB. Prints JSON.
 */
#define _GNU_SOURCE
#include <infiniband/verbs.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEPTH 128
#define LARGE_BYTES 65536u
#define SMALL_BYTES 64u
#define MOST_SAMPLES 4000000

struct end {
    struct ibv_cq *queue;
    struct ibv_qp *pair;
    struct ibv_mr *region;
};

struct offer {
    uint32_t number, key;
    uint64_t address;
};

static void need(int holds, const char *what) {
    if (holds) return;
    perror(what);
    exit(1);
}

static struct end open_end(void) {
    struct ibv_device **list = ibv_get_device_list(NULL);
    need(list && list[0], "no modelled NIC");
    struct ibv_context *context = ibv_open_device(list[0]);
    need(context != NULL, "ibv_open_device");
    struct ibv_pd *domain = ibv_alloc_pd(context);
    struct end end;
    end.queue = ibv_create_cq(context, 4096, NULL, ibv_create_comp_channel(context), 0);
    void *memory = aligned_alloc(4096, LARGE_BYTES);
    memset(memory, 1, LARGE_BYTES);
    end.region = ibv_reg_mr(domain, memory, LARGE_BYTES, IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE);
    end.pair = ibv_create_qp(domain, &(struct ibv_qp_init_attr){
                                                                              .send_cq = end.queue,
                                                                              .recv_cq = end.queue,
                                                                              .cap = {.max_send_wr = DEPTH, .max_recv_wr = 2 * DEPTH, .max_send_sge = 1,
                                                                                              .max_recv_sge = 1, .max_inline_data = SMALL_BYTES},
                                                                              .qp_type = IBV_QPT_RC,
                                                                      });
    need(end.queue && end.region && end.pair, "ibv_create_qp");
    return end;
}

static void receive(struct end *end, int count) {
    struct ibv_recv_wr request = {.wr_id = 1}, *bad;
    while (count-- > 0) need(ibv_post_recv(end->pair, &request, &bad) == 0, "ibv_post_recv");
}

static struct offer join(struct end *end, int other) {
    struct offer own = {end->pair->qp_num, end->region->rkey, (uint64_t)end->region->addr}, peer;
    need(write(other, &own, sizeof own) == sizeof own, "write");
    need(read(other, &peer, sizeof peer) == sizeof peer, "read");
    struct ibv_qp_attr ready = {.qp_state = IBV_QPS_RTR, .dest_qp_num = peer.number, .min_rnr_timer = 1};
    need(ibv_modify_qp(end->pair, &ready, IBV_QP_STATE | IBV_QP_DEST_QPN | IBV_QP_MIN_RNR_TIMER) == 0, "RTR");
    struct ibv_qp_attr send = {.qp_state = IBV_QPS_RTS, .timeout = 18, .retry_cnt = 7};
    need(ibv_modify_qp(end->pair, &send, IBV_QP_STATE | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT) == 0, "RTS");
    receive(end, 2 * DEPTH);
    need(write(other, "r", 1) == 1 && read(other, &(char){0}, 1) == 1, "the other side");
    return peer;
}

static void post(struct end *end, const struct offer *peer, uint32_t length, unsigned flags) {
    struct ibv_sge bytes = {(uint64_t)end->region->addr, length, end->region->lkey};
    struct ibv_send_wr request = {.sg_list = &bytes, .num_sge = 1, .opcode = IBV_WR_RDMA_WRITE_WITH_IMM, .send_flags = flags};
    request.wr.rdma.remote_addr = peer->address;
    request.wr.rdma.rkey = peer->key;
    struct ibv_send_wr *bad;
    need(ibv_post_send(end->pair, &request, &bad) == 0, "ibv_post_send");
}

/** Takes what has completed. Returns how many receives were among it; adds the sends to `sent`. */
static int take(struct end *end, uint64_t *sent) {
    struct ibv_wc done[16];
    int receives = 0, count = ibv_poll_cq(end->queue, 16, done);
    for (int c = 0; c < count; c++) {
        need(done[c].status == IBV_WC_SUCCESS, "a request failed");
        if (done[c].opcode & IBV_WC_RECV) receives++;
        else (*sent)++;
    }
    return receives;
}

/** Where processors are few, whoever waits leaves them to the others. */
static void pause_for_others(void) {
    static long processors;
    if (processors == 0) processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (processors < 8) sched_yield();
}

static uint64_t now_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int compare(const void *a, const void *b) {
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

static void exchange(struct end *end, const struct offer *peer, uint64_t *sent, uint32_t number) {
    /* Every 64th completion gives the send queue room. */
    post(end, peer, SMALL_BYTES, IBV_SEND_INLINE | (number % 64 == 0 ? IBV_SEND_SIGNALED : 0));
    while (take(end, sent) == 0) pause_for_others();
    receive(end, 1);
}

static void round_trips(struct end *end, const struct offer *peer, uint64_t milliseconds) {
    uint32_t *samples = malloc(MOST_SAMPLES * sizeof *samples);
    uint32_t count = 0;
    uint64_t sent = 0, last = now_nanoseconds(), until = last + milliseconds * 1000000;
    while (count < MOST_SAMPLES && last < until) {
        exchange(end, peer, &sent, count);
        uint64_t now = now_nanoseconds();
        samples[count++] = (uint32_t)(now - last);
        last = now;
    }
    qsort(samples, count, sizeof *samples, compare);
    printf("{\"p50Nanoseconds\":%u,\"p99Nanoseconds\":%u}\n", samples[count / 2], samples[(uint64_t)count * 99 / 100]);
}

static void answer(struct end *end, const struct offer *peer) {
    uint64_t sent = 0;
    for (uint32_t number = 0;; number++) {
        while (take(end, &sent) == 0) pause_for_others();
        receive(end, 1);
        post(end, peer, SMALL_BYTES, IBV_SEND_INLINE | (number % 64 == 0 ? IBV_SEND_SIGNALED : 0));
    }
}

static void stream(struct end *end, const struct offer *peer, uint64_t milliseconds) {
    uint64_t posted = 0, sent = 0, began = now_nanoseconds(), now;
    do {
        while (posted - sent < DEPTH / 4) {
            post(end, peer, LARGE_BYTES, IBV_SEND_SIGNALED);
            posted++;
        }
        uint64_t before = sent;
        take(end, &sent);
        if (sent == before) pause_for_others();
        now = now_nanoseconds();
    } while (now < began + milliseconds * 1000000);
    printf("{\"bytesPerSecond\":%.0f}\n", (double)sent * LARGE_BYTES * 1e9 / (double)(now - began));
}

static void drain(struct end *end) {
    uint64_t sent = 0;
    for (int count;; receive(end, count))
        if ((count = take(end, &sent)) == 0) pause_for_others();
}

int main(int count, char **words) {
    need(count == 3, "usage: ping-pong round-trip|stream MILLISECONDS");
    int ends[2];
    need(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
    int is_round_trip = strcmp(words[1], "round-trip") == 0;
    pid_t other = fork();
    struct end end = open_end();
    struct offer peer = join(&end, ends[other == 0]);
    if (other == 0) {
        if (is_round_trip) answer(&end, &peer);
        else drain(&end);
    }
    if (is_round_trip) round_trips(&end, &peer, strtoull(words[2], NULL, 10));
    else stream(&end, &peer, strtoull(words[2], NULL, 10));
    kill(other, SIGKILL);
    waitpid(other, NULL, 0);
    return 0;
}
