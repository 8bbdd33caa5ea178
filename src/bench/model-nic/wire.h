/* What two modelled NICs share: a wire for each queue pair, in a file of the benchmark's directory. */
#pragma once
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Packets, and acknowledgements, that may be on one wire: at least as many as a send queue has requests. */
#define WIRE_PACKETS 1024u
/** Bytes that may be on one wire: what 100 Gb/s carry in 84 us. */
#define WIRE_BYTES (1024u * 1024u)
/** A packet of the model. Real ones are smaller; so large a piece costs the model little, and is 1.3 us at 100 Gb/s. */
#define PACKET_BYTES (16u * 1024u)

/** In a file of its own: how one NIC wakes another, and what it counts for the benchmark. */
struct nic_page {
    _Atomic uint32_t bell;
    _Atomic uint32_t asleep;
    _Atomic uint64_t sent_messages;
    _Atomic uint64_t sent_bytes;
};

struct packet {
    uint64_t arrives_at;
    uint64_t address;
    uint32_t key;
    uint32_t length;
    uint32_t message_length;
    uint32_t immediate;
    bool is_last;
    bool has_immediate;
    bool is_solicited;
};

struct acknowledgement {
    uint64_t arrives_at;
    uint32_t status;
};

/** Made by the queue pair that receives from it. One side writes each index. */
struct wire {
    uint32_t nic;
    alignas(64) _Atomic uint64_t packets_in;
    _Atomic uint64_t bytes_in;
    alignas(64) _Atomic uint64_t packets_out;
    _Atomic uint64_t bytes_out;
    alignas(64) _Atomic uint64_t acknowledged;
    alignas(64) _Atomic uint64_t acknowledgements_taken;
    struct packet packets[WIRE_PACKETS];
    struct acknowledgement acknowledgements[WIRE_PACKETS];
    uint8_t bytes[WIRE_BYTES];
};

/** Makes a file named by a number that no other has, and maps it. NULL with errno. */
void *make_shared(const char *directory, const char *kind, size_t size, uint32_t *number);
void *open_shared(const char *directory, const char *kind, size_t size, uint32_t number);
void remove_shared(const char *directory, const char *kind, size_t size, uint32_t number, void *memory);

bool wire_has_room(struct wire *wire, uint32_t length);
/** There must be room. */
void wire_put(struct wire *wire, const struct packet *packet, const void *bytes);
/** The next packet, or NULL. */
struct packet *wire_first(struct wire *wire);
/** Copies its bytes out, where there are some. */
void wire_copy(struct wire *wire, const struct packet *packet, void *target);
void wire_drop(struct wire *wire);
