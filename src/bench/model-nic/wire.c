#include "wire.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

static void path_of(char *path, size_t size, const char *directory, const char *kind, uint32_t number) {
    snprintf(path, size, "%s/%s-%06x", directory, kind, number);
}

static void *map(int fd, size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    int error = errno;
    close(fd);
    errno = error;
    return memory == MAP_FAILED ? NULL : memory;
}

void *make_shared(const char *directory, const char *kind, size_t size, uint32_t *number) {
    char path[256];
    int fd;
    do {
        if (getrandom(number, sizeof *number, 0) != sizeof *number) return NULL;
        *number = (*number & 0xffffff) | 2; /* 0 and 1 are special queue pairs */
        path_of(path, sizeof path, directory, kind, *number);
        fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    } while (fd < 0 && errno == EEXIST);
    if (fd < 0) return NULL;
    if (ftruncate(fd, (off_t)size) != 0) {
        close(fd);
        unlink(path);
        return NULL;
    }
    return map(fd, size);
}

void *open_shared(const char *directory, const char *kind, size_t size, uint32_t number) {
    char path[256];
    path_of(path, sizeof path, directory, kind, number);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    return fd < 0 ? NULL : map(fd, size);
}

void remove_shared(const char *directory, const char *kind, size_t size, uint32_t number, void *memory) {
    char path[256];
    path_of(path, sizeof path, directory, kind, number);
    unlink(path);
    munmap(memory, size);
}

bool wire_has_room(struct wire *wire, uint32_t length) {
    uint64_t packets = atomic_load_explicit(&wire->packets_in, memory_order_relaxed) -
                                          atomic_load_explicit(&wire->packets_out, memory_order_acquire);
    uint64_t bytes = atomic_load_explicit(&wire->bytes_in, memory_order_relaxed) -
                                      atomic_load_explicit(&wire->bytes_out, memory_order_acquire);
    return packets < WIRE_PACKETS && bytes + length <= WIRE_BYTES;
}

/** Where a count of bytes lies on the wire, and how many follow before its end. */
static size_t piece(uint64_t count, uint32_t length, size_t *first) {
    size_t offset = count % WIRE_BYTES;
    *first = length < WIRE_BYTES - offset ? length : WIRE_BYTES - offset;
    return offset;
}

void wire_put(struct wire *wire, const struct packet *packet, const void *bytes) {
    uint64_t index = atomic_load_explicit(&wire->packets_in, memory_order_relaxed);
    uint64_t count = atomic_load_explicit(&wire->bytes_in, memory_order_relaxed);
    size_t first, offset = piece(count, packet->length, &first);
    if (packet->length > 0) {
        memcpy(wire->bytes + offset, bytes, first);
        memcpy(wire->bytes, (const uint8_t *)bytes + first, packet->length - first);
    }
    wire->packets[index % WIRE_PACKETS] = *packet;
    atomic_store_explicit(&wire->bytes_in, count + packet->length, memory_order_relaxed);
    atomic_store_explicit(&wire->packets_in, index + 1, memory_order_release);
}

struct packet *wire_first(struct wire *wire) {
    uint64_t index = atomic_load_explicit(&wire->packets_out, memory_order_relaxed);
    if (atomic_load_explicit(&wire->packets_in, memory_order_acquire) == index) return NULL;
    return &wire->packets[index % WIRE_PACKETS];
}

void wire_copy(struct wire *wire, const struct packet *packet, void *target) {
    size_t first, offset = piece(atomic_load(&wire->bytes_out), packet->length, &first);
    memcpy(target, wire->bytes + offset, first);
    memcpy((uint8_t *)target + first, wire->bytes, packet->length - first);
}

void wire_drop(struct wire *wire) {
    uint64_t index = atomic_load_explicit(&wire->packets_out, memory_order_relaxed);
    uint64_t count = atomic_load_explicit(&wire->bytes_out, memory_order_relaxed);
    uint32_t length = wire->packets[index % WIRE_PACKETS].length;
    atomic_store_explicit(&wire->bytes_out, count + length, memory_order_release);
    atomic_store_explicit(&wire->packets_out, index + 1, memory_order_release);
}
