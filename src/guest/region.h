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
#define VS_LAYOUT_VERSION 3u
#define VS_SLOTS 2016u
#define VS_RING_BYTES (256u * 1024)
#define VS_PROCESSES 256u
#define VS_WAITERS 64u
#define VS_NOTES 8192u
#define VS_BITMAP_WORDS 64u
#define VS_SUMMARY_WORDS 2u

enum { GUEST_FREE = 0, GUEST_CLAIMED = 1 };
enum { HOST_NONE = 0, HOST_WAITING = 1, HOST_OPEN = 2, HOST_RESET = 3 };
enum { DIRECTION_IN = 1, DIRECTION_OUT = 2 };

struct vs_process {
    uint32_t pid;
    uint32_t pad0;
    uint32_t armed[2];
    uint32_t summary[VS_SUMMARY_WORDS];
    uint32_t pad1[10];
    uint32_t bits[VS_BITMAP_WORDS];
    uint32_t pad2[48];
};

struct vs_slot {
    /* guest, cold */
    uint32_t guest_state, generation, cookie_low, cookie_high, direction, process, local_port, remote_port;
    uint8_t local_address[16], remote_address[16];
    /* host, cold */
    uint32_t host_state, host_generation, rx_starts, rx_start_low, rx_start_high, rx_final, rx_final_position,
        tx_allowed, rx_stops, rx_stop_position, tx_stops_taken;
    uint32_t pad0[5];
    /* guest, the sender's line */
    uint32_t tx_head, tx_starts, tx_start_low, tx_start_high, tx_waiting, tx_stops, tx_stop_position;
    uint32_t pad1[9];
    /* host */
    uint32_t tx_tail;
    uint32_t pad2[15];
    /* host, the receiver's line */
    uint32_t rx_head, rx_blocked;
    uint32_t pad3[14];
    /* guest */
    uint32_t rx_tail, rx_end_of_stream, close_hints, rx_stops_taken;
    uint32_t pad4[12];
    /* guest's own, shared by its processes */
    uint32_t tx_lock, rx_lock, users, rx_on_ring, tx_shut, rx_shut, reset_told, rx_starts_taken, tcp_senders;
    uint32_t pad5[23];
};

struct vs_region {
    uint32_t magic, version, slot_count, ring_bytes;
    uint32_t upgrade_after_calls, upgrade_after_bytes, guest_spin_microseconds;
    uint32_t pad0[9];
    uint32_t host_sleeping;
    uint32_t pad1[15];
    uint32_t doorbell_summary[VS_SUMMARY_WORDS];
    uint32_t pad2[30];
    uint32_t doorbell_bits[VS_BITMAP_WORDS];
    uint32_t slots_taken[VS_BITMAP_WORDS];
    uint8_t pad3[64 * 1024 - 768];
    uint64_t notes[VS_NOTES];
    struct vs_process processes[VS_PROCESSES];
    uint8_t pad4[256 * 1024];
    struct vs_slot slots[VS_SLOTS];
    uint8_t pad5[2 * 1024 * 1024 - 512 * 1024 - VS_SLOTS * 512];
    uint8_t rings[];
};

_Static_assert(sizeof(struct vs_process) == 512, "process block");
_Static_assert(sizeof(struct vs_slot) == 512, "slot");
_Static_assert(sizeof(struct vs_region) == 2 * 1024 * 1024, "rings begin at 2 MiB");

#endif
