/*
 * The memory that a VM shares with its host's vsockd, as src/channel/region-layout.ts has it
 * (a test compares the two). Ring positions are byte numbers modulo 2^32; each 64-byte group
 * of a slot has one writer.
 */
#ifndef VSOCKET_REGION_H
#define VSOCKET_REGION_H

#include <stdint.h>

#define VS_REGION_BYTES (1024u * 1024 * 1024)
#define VS_MAGIC 0x4b534f56u
#define VS_LAYOUT_VERSION 6u
#define VS_SLOTS 2016u
#define VS_RING_BYTES (256u * 1024)
#define VS_PROCESSES 256u
#define VS_WAITERS 1024u
#define VS_NOTES 4096u
#define VS_HOLDERS 1024u
#define VS_BITMAP_WORDS 64u
#define VS_SUMMARY_WORDS 2u
#define VS_ARMED_WORDS (VS_WAITERS / 32)

enum { GUEST_FREE = 0, GUEST_CLAIMED = 1 };
enum { HOST_NONE = 0, HOST_WAITING = 1, HOST_OPEN = 2, HOST_RESET = 3 };
/* The guest is about to close its socket; with SO_LINGER for no time that is a reset. */
enum { CLOSES = 1, CLOSES_WITH_RESET = 2 };
enum { DIRECTION_IN = 1, DIRECTION_OUT = 2 };
/* Who closed the sender's way into the ring: the guest ends its stream there, or the host sends it back to TCP. */
enum { GATE_OPEN = 0, GATE_SHUT = 1, GATE_FROZEN = 2 };

/* Threads, processes and vsockd read and write these at once: by their type no access can be a plain one. */
typedef _Atomic uint32_t shared_word;
typedef _Atomic uint64_t shared_long;

struct vs_process {
    shared_word pid;
    uint32_t pad0;
    shared_word summary[VS_SUMMARY_WORDS];
    shared_word armed_summary;
    uint32_t pad1[11];
    shared_word armed[VS_ARMED_WORDS];
    shared_word bits[VS_BITMAP_WORDS];
    uint32_t pad2[16];
};

struct vs_slot {
    /* guest, cold */
    shared_word guest_state, generation, cookie_low, cookie_high, direction, process, local_port, remote_port;
    uint8_t local_address[16], remote_address[16];
    /* host, cold */
    shared_word host_state, host_generation, rx_starts, rx_start_low, rx_start_high, rx_final, rx_final_position,
        tx_allowed, rx_stops, rx_stop_position, tx_stops_taken, left, tx_freeze_position, openings,
        tx_stops_told;
    uint32_t pad0[1];
    /* guest, the sender's line; the gate is for whoever comes first */
    shared_word tx_head, tx_starts, tx_start_low, tx_start_high, tx_waiting, tx_stops, tx_stop_position, tx_gate;
    uint32_t pad1[8];
    /* host */
    shared_word tx_tail;
    uint32_t pad2[15];
    /* host, the receiver's line */
    shared_word rx_head, rx_blocked;
    uint32_t pad3[14];
    /* guest */
    shared_word rx_tail, rx_end_of_stream, close_hints, rx_stops_taken, rx_ready, leave_reason, leave_from_tail, fault,
        closing;
    uint32_t pad4[7];
    /* guest's own, shared by its processes */
    shared_word tx_lock, rx_lock, users, rx_on_ring, tx_shut, rx_shut, reset_told, rx_starts_taken, tcp_senders,
        tx_owing, tx_owed_from, reset_armed, low_water, disconnected,
        error,     /* that a look at the TCP side took from the kernel */
        look_from; /* SO_PEEK_OFF was set: a look does not begin at the first byte */
    uint32_t pad5[16];
};

/* A socket that several processes had before it was claimed, and how many. */
struct vs_holders {
    shared_long cookie;
    shared_word count;
    uint32_t pad;
};

/* All that is mapped before the first claim. */
struct vs_front {
    shared_word magic, version, slot_count, ring_bytes;
    shared_word upgrade_after_calls, upgrade_after_bytes, guest_spin_microseconds;
    uint32_t pad0[9];
    shared_word host_sleeping;
    uint32_t pad1[15];
    shared_word doorbell_summary[VS_SUMMARY_WORDS];
    uint32_t pad2[30];
    shared_word doorbell_bits[VS_BITMAP_WORDS];
    shared_word slots_taken[VS_BITMAP_WORDS];
    uint8_t pad3[4096 - 768];
    shared_long notes[VS_NOTES];
    struct vs_holders holders[VS_HOLDERS];
};

struct vs_region {
    struct vs_front front;
    uint8_t pad0[128 * 1024 - sizeof(struct vs_front)];
    struct vs_process processes[VS_PROCESSES];
    uint8_t pad1[256 * 1024];
    struct vs_slot slots[VS_SLOTS];
    uint8_t pad2[2 * 1024 * 1024 - 512 * 1024 - VS_SLOTS * 512];
};

_Static_assert(sizeof(struct vs_process) == 512, "process block");
_Static_assert(sizeof(struct vs_slot) == 512, "slot");
_Static_assert(sizeof(struct vs_front) == 52 * 1024, "thirteen pages");
_Static_assert(sizeof(struct vs_region) == 2 * 1024 * 1024, "rings begin at 2 MiB");

#endif
