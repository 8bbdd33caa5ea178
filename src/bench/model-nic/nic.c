/* The thread that stands for the NIC: it puts what is posted on the wires, and carries out what arrives. */
#define _GNU_SOURCE
#include "model.h"
#include <immintrin.h>
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/** Headers of a packet on the wire: Ethernet with its gap 38, IPv4 20, UDP 8, BTH 12, RETH 16, immediate 4, ICRC 4. */
#define HEADER_BYTES 102u
/** How long it looks for work before it sleeps. A real one never sleeps; this one takes a processor meanwhile. */
#define IDLE_NANOSECONDS 300000u
/** With fewer processors the others would wait for it. */
#define MANY_PROCESSORS 8

static uint64_t now_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t later(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

void nic_ring(struct nic_page *page) {
    atomic_thread_fence(memory_order_seq_cst);
    if (!atomic_load(&page->asleep)) return;
    atomic_fetch_add(&page->bell, 1);
    syscall(SYS_futex, &page->bell, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/** Memory that a key opens for an access; NULL where it does not. */
static void *memory_of(struct nic *nic, uint32_t key, uint64_t address, uint32_t length, int access) {
    struct ibv_mr *region = nic->regions[key % MAX_REGIONS];
    if (!region || region->lkey != key || (nic->region_access[key % MAX_REGIONS] & access) != access) return NULL;
    uint64_t begin = (uint64_t)region->addr;
    if (address < begin || address + length > begin + region->length) return NULL;
    return (void *)address;
}

static void complete_send(struct queue_pair *pair, enum ibv_wc_status status) {
    struct send *send = &pair->sends[pair->done++ % pair->cap.max_send_wr];
    if (status == IBV_WC_SUCCESS && !(send->flags & IBV_SEND_SIGNALED)) return;
    complete(pair->send_queue,
                      &(struct completion){
                              .wc = {.wr_id = send->id,
                                            .status = status,
                                            .opcode = IBV_WC_RDMA_WRITE,
                                            .byte_len = send->length,
                                            .qp_num = pair->base.qp_num},
                              .sender = pair,
                              .sends = pair->done,
                      },
                      false);
}

static void complete_receive(struct queue_pair *pair, enum ibv_wc_status status, const struct packet *packet) {
    uint64_t used = atomic_load(&pair->receives_used);
    struct ibv_wc wc = {
            .wr_id = pair->receives[used % pair->cap.max_recv_wr],
            .status = status,
            .opcode = IBV_WC_RECV_RDMA_WITH_IMM,
            .qp_num = pair->base.qp_num,
    };
    if (packet) {
        wc.byte_len = packet->message_length;
        wc.imm_data = packet->immediate;
        wc.wc_flags = IBV_WC_WITH_IMM;
    }
    atomic_store(&pair->receives_used, used + 1);
    complete(pair->receive_queue, &(struct completion){.wc = wc}, packet && packet->is_solicited);
}

void flush_pair(struct queue_pair *pair) {
    while (pair->done < atomic_load(&pair->posted)) complete_send(pair, IBV_WC_WR_FLUSH_ERR);
    while (atomic_load(&pair->receives_used) < atomic_load(&pair->receives_posted))
        complete_receive(pair, IBV_WC_WR_FLUSH_ERR, NULL);
    pair->sent = pair->done;
}

static void fail(struct queue_pair *pair, enum ibv_wc_status status) {
    pair->base.state = IBV_QPS_ERR;
    if (pair->done < atomic_load(&pair->posted)) complete_send(pair, status);
    flush_pair(pair);
}

/** Puts as much of one request on the wire as there is room for. Returns whether all of it went. */
static bool transmit(struct nic *nic, struct queue_pair *pair, struct send *send, uint64_t now) {
    const struct options *options = model_options();
    bool is_inline = (send->flags & IBV_SEND_INLINE) != 0;
    const uint8_t *bytes = is_inline ? send->inlined : (const uint8_t *)send->address;
    uint64_t fetch = is_inline || send->length == 0 ? 0 : options->fetch_nanoseconds;
    do {
        uint32_t left = send->length - pair->sent_of_message;
        uint32_t length = left < PACKET_BYTES ? left : PACKET_BYTES;
        if (!wire_has_room(pair->peer, length)) return false;
        uint64_t takes = (uint64_t)((length + HEADER_BYTES) * options->nanoseconds_per_byte);
        nic->wire_free_at = later(nic->wire_free_at, now) + takes;
        pair->last_arrival = later(pair->last_arrival, nic->wire_free_at + fetch + options->delay_nanoseconds);
        const struct packet packet = {
                .arrives_at = pair->last_arrival,
                .address = send->remote_address + pair->sent_of_message,
                .key = send->remote_key,
                .length = length,
                .message_length = send->length,
                .immediate = send->immediate,
                .is_last = length == left,
                .has_immediate = send->has_immediate,
                .is_solicited = (send->flags & IBV_SEND_SOLICITED) != 0,
        };
        wire_put(pair->peer, &packet, bytes + pair->sent_of_message);
        pair->sent_of_message += length;
        atomic_fetch_add_explicit(&nic->page->sent_bytes, length, memory_order_relaxed);
    } while (pair->sent_of_message < send->length);
    pair->sent_of_message = 0;
    atomic_fetch_add_explicit(&nic->page->sent_messages, 1, memory_order_relaxed);
    return true;
}

static bool send_posted(struct nic *nic, struct queue_pair *pair, uint64_t now) {
    bool any = false;
    while (pair->sent < atomic_load_explicit(&pair->posted, memory_order_acquire)) {
        struct send *send = &pair->sends[pair->sent % pair->cap.max_send_wr];
        bool is_readable = send->length == 0 || (send->flags & IBV_SEND_INLINE) ||
                                              memory_of(nic, send->key, send->address, send->length, 0);
        if (!is_readable) {
            while (pair->done < pair->sent) complete_send(pair, IBV_WC_WR_FLUSH_ERR);
            fail(pair, IBV_WC_LOC_PROT_ERR);
            return true;
        }
        uint32_t before = pair->sent_of_message;
        bool went = transmit(nic, pair, send, now);
        any |= went || pair->sent_of_message > before;
        if (!went) break;
        send->sent_at = now;
        pair->sent++;
    }
    if (any) nic_ring(pair->peer_page);
    return any;
}

static void acknowledge(struct queue_pair *pair, uint32_t status, uint64_t now) {
    uint64_t index = atomic_load_explicit(&pair->wire->acknowledged, memory_order_relaxed);
    pair->wire->acknowledgements[index % WIRE_PACKETS] =
            (struct acknowledgement){now + model_options()->delay_nanoseconds, status};
    atomic_store_explicit(&pair->wire->acknowledged, index + 1, memory_order_release);
    nic_ring(pair->peer_page);
}

/** InfiniBand specification, table 45: some codes of the RNR timer, in nanoseconds. */
static uint64_t rnr_nanoseconds(uint32_t code) {
    static const uint32_t microseconds[32] = {
            655360, 10,   20,   30,   40,   60,   80,   120,   160,   240,   320,   480,   640,    960,    1280,   1920,
            2560,   3840, 5120, 7680, 10240, 15360, 20480, 30720, 40960, 61440, 81920, 122880, 163840, 245760, 327680, 491520};
    return microseconds[code & 31] * 1000ull;
}

/** Carries out what has arrived. */
static bool receive_arrived(struct nic *nic, struct queue_pair *pair, uint64_t now) {
    bool any = false;
    for (struct packet *packet; (packet = wire_first(pair->wire)) != NULL; any = true) {
        if (packet->arrives_at > now || pair->again_at > now) return any;
        bool takes_receive = packet->is_last && packet->has_immediate;
        if (takes_receive && atomic_load(&pair->receives_used) == atomic_load(&pair->receives_posted)) {
            pair->again_at = now + rnr_nanoseconds(pair->rnr_timer);
            return any;
        }
        if (packet->length > 0) {
            void *target = memory_of(nic, packet->key, packet->address, packet->length, IBV_ACCESS_REMOTE_WRITE);
            if (target == NULL) {
                acknowledge(pair, IBV_WC_REM_ACCESS_ERR, now);
                fail(pair, IBV_WC_WR_FLUSH_ERR);
                return true;
            }
            wire_copy(pair->wire, packet, target);
        }
        if (takes_receive) complete_receive(pair, IBV_WC_SUCCESS, packet);
        if (packet->is_last) acknowledge(pair, IBV_WC_SUCCESS, now);
        wire_drop(pair->wire);
    }
    return any;
}

static bool take_acknowledgements(struct queue_pair *pair, uint64_t now) {
    bool any = false;
    uint64_t taken = atomic_load_explicit(&pair->peer->acknowledgements_taken, memory_order_relaxed);
    while (taken < atomic_load_explicit(&pair->peer->acknowledged, memory_order_acquire)) {
        const struct acknowledgement *next = &pair->peer->acknowledgements[taken % WIRE_PACKETS];
        if (next->arrives_at > now) break;
        uint32_t status = next->status;
        taken++;
        any = true;
        if (status == IBV_WC_SUCCESS) complete_send(pair, IBV_WC_SUCCESS);
        else fail(pair, status);
    }
    atomic_store_explicit(&pair->peer->acknowledgements_taken, taken, memory_order_release);
    return any;
}

/** The other side has been silent for all the times that a real NIC sends a packet again. */
static void check_timeout(struct queue_pair *pair, uint64_t now) {
    if (pair->done == pair->sent || pair->timeout_code == 0) return;
    uint64_t limit = (4096ull << pair->timeout_code) * (pair->retries + 1);
    if (now > pair->sends[pair->done % pair->cap.max_send_wr].sent_at + limit) fail(pair, IBV_WC_RETRY_EXC_ERR);
}

static bool serve(struct nic *nic, struct queue_pair *pair, uint64_t now) {
    if (pair->base.state == IBV_QPS_ERR) {
        flush_pair(pair);
        return false;
    }
    bool any = false;
    if (pair->base.state == IBV_QPS_RTR || pair->base.state == IBV_QPS_RTS) any = receive_arrived(nic, pair, now);
    if (pair->base.state == IBV_QPS_RTS) any |= take_acknowledgements(pair, now);
    if (pair->base.state == IBV_QPS_RTS) any |= send_posted(nic, pair, now);
    if (pair->base.state == IBV_QPS_RTS) check_timeout(pair, now);
    return any;
}

/** Whether something is under way, so that it must not sleep. */
static bool is_waiting(struct queue_pair *pair) {
    if (pair->base.state != IBV_QPS_RTR && pair->base.state != IBV_QPS_RTS) return false;
    return wire_first(pair->wire) != NULL || pair->done < atomic_load(&pair->posted);
}

static bool pass(struct nic *nic) {
    bool is_busy = false;
    pthread_mutex_lock(&nic->lock);
    uint64_t now = now_nanoseconds();
    for (uint32_t p = 0; p < nic->pair_count; p++)
        if (serve(nic, nic->pairs[p], now) || is_waiting(nic->pairs[p])) is_busy = true;
    pthread_mutex_unlock(&nic->lock);
    return is_busy;
}

static void sleep_until_rung(struct nic *nic) {
    struct nic_page *page = nic->page;
    uint32_t bell = atomic_load(&page->bell);
    atomic_store(&page->asleep, 1);
    atomic_thread_fence(memory_order_seq_cst);
    if (!pass(nic) && !atomic_load(&nic->ends))
        syscall(SYS_futex, &page->bell, FUTEX_WAIT, bell, NULL, NULL, 0);
    atomic_store(&page->asleep, 0);
}

void *nic_main(void *argument) {
    struct nic *nic = argument;
    bool has_room = sysconf(_SC_NPROCESSORS_ONLN) >= MANY_PROCESSORS;
    uint64_t busy_at = now_nanoseconds();
    while (!atomic_load(&nic->ends)) {
        if (pass(nic)) busy_at = now_nanoseconds();
        else if (now_nanoseconds() - busy_at > IDLE_NANOSECONDS) {
            sleep_until_rung(nic);
            busy_at = now_nanoseconds();
        }
        if (has_room) _mm_pause();
        else sched_yield();
    }
    return NULL;
}
