/* The modelled NIC: what one process has of it. docs/model-nic.md tells what it is for, and what it is not. */
#pragma once
#include "wire.h"
#include <infiniband/verbs.h>
#include <pthread.h>

#define MODEL_NAME "model_nic0"
#define MODEL_PORT 1
#define MAX_SENDS 1024u
#define MAX_RECEIVES 8192u
#define MAX_INLINE 256u
#define MAX_REGIONS 4096u
#define MAX_QUEUE_PAIRS 256u

struct completion {
    struct ibv_wc wc;
    /** Of a request to send: whose it is, and how many there were up to it. NULL when the queue pair is gone. */
    struct queue_pair *sender;
    uint64_t sends;
};

struct channel {
    struct ibv_comp_channel base;
    struct completion_queue *queue;
};

enum armed { ARMED_NOT, ARMED_ANY, ARMED_SOLICITED };

struct completion_queue {
    struct ibv_cq base;
    uint32_t capacity;
    struct completion *entries;
    alignas(64) _Atomic uint64_t in;
    alignas(64) _Atomic uint64_t out;
    alignas(64) _Atomic int armed;
};

struct send {
    uint64_t id;
    uint64_t address;
    uint64_t remote_address;
    uint64_t sent_at;
    uint32_t key;
    uint32_t remote_key;
    uint32_t length;
    uint32_t immediate;
    uint32_t flags;
    bool has_immediate;
    uint8_t inlined[MAX_INLINE];
};

struct queue_pair {
    struct ibv_qp base;
    struct nic *nic;
    struct completion_queue *send_queue;
    struct completion_queue *receive_queue;
    struct ibv_qp_cap cap;
    bool signals_all;
    struct wire *wire;
    struct wire *peer;
    struct nic_page *peer_page;
    uint32_t peer_nic;
    uint32_t timeout_code, retries, rnr_timer;
    /** Requests to send: posted, on the wire, acknowledged, and known to the program to be done. */
    struct send *sends;
    alignas(64) _Atomic uint64_t posted;
    uint64_t sent;
    uint64_t done;
    uint64_t reclaimed;
    uint32_t sent_of_message;
    uint64_t last_arrival;
    uint64_t *receives;
    alignas(64) _Atomic uint64_t receives_posted;
    _Atomic uint64_t receives_used;
    /** No receive was there: when the packet comes again. */
    uint64_t again_at;
};

/** One open device. */
struct nic {
    struct ibv_context base;
    uint32_t number;
    struct nic_page *page;
    pthread_t thread;
    _Atomic bool ends;
    /** Held by the NIC's thread in each pass, and by the program to change what is below. */
    pthread_mutex_t lock;
    struct queue_pair *pairs[MAX_QUEUE_PAIRS];
    uint32_t pair_count;
    struct ibv_mr *regions[MAX_REGIONS];
    int region_access[MAX_REGIONS];
    /** When the wire is free for the next packet. */
    uint64_t wire_free_at;
};

struct options {
    const char *directory;
    uint64_t delay_nanoseconds;
    uint64_t fetch_nanoseconds;
    double nanoseconds_per_byte;
};
/** As the environment says them; without a directory there is no device. */
const struct options *model_options(void);

void *nic_main(void *nic);
/** Wakes a NIC that sleeps. */
void nic_ring(struct nic_page *page);
/** Ends all requests that are under way. With the lock. */
void flush_pair(struct queue_pair *pair);

void complete(struct completion_queue *queue, const struct completion *completion, bool is_solicited);
int poll_completions(struct ibv_cq *queue, int count, struct ibv_wc *completions);
int arm_completions(struct ibv_cq *queue, int solicited_only);
/** A queue pair is gone; its completions stay. With the lock. */
void forget_sender(struct completion_queue *queue, struct queue_pair *pair);

int post_sends(struct ibv_qp *pair, struct ibv_send_wr *first, struct ibv_send_wr **bad);
int post_receives(struct ibv_qp *pair, struct ibv_recv_wr *first, struct ibv_recv_wr **bad);
