/* Bytes from files and pipes: a file goes through a buffer into the ring; between pipes and sockets the kernel moves pages. */
#include "flow/flow.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES (64 * 1024)

/* Only what can be read again from a place: all else, and every mistake, is the kernel's. */
static bool is_plain_file(int in, const off_t *offset) {
    struct stat about;
    if (offset && (!may_be_memory(offset, sizeof *offset) || *offset < 0)) return false;
    long flags = kernel(SYS_fcntl, in, F_GETFL);
    return flags >= 0 && (flags & O_ACCMODE) != O_WRONLY && !(flags & O_PATH) && fstat(in, &about) == 0 &&
           S_ISREG(about.st_mode);
}

static ssize_t send_file(int out, struct flow *f, int in, off_t *offset, size_t count) {
    uint8_t *buffer = malloc(PIECE_BYTES);
    off_t at = offset ? *offset : lseek(in, 0, SEEK_CUR);
    ssize_t result = 0;
    size_t done = 0;
    if (!buffer) return -1;
    while (done < count) {
        size_t piece = count - done < PIECE_BYTES ? count - done : PIECE_BYTES;
        ssize_t got = pread(in, buffer, piece, at);
        if (got <= 0) {
            result = got;
            break;
        }
        ssize_t sent = flow_send(out, f, &(struct iovec){buffer, (size_t)got}, 1, 0);
        if (sent < 0) {
            result = -1;
            break;
        }
        done += (size_t)sent;
        at += sent;
        if (sent < got) break;
    }
    KEEP_ERRNO;
    free(buffer);
    if (offset) *offset = at;
    else lseek(in, at, SEEK_SET);
    return done ? (ssize_t)done : result;
}

EXPORT ssize_t sendfile(int out, int in, off_t *offset, size_t count) {
    struct connection *c = connection_of(out);
    if (!c) return real()->sendfile(out, in, offset, count);
    struct flow *f = flow_for_call(out, c);
    if (!f) {
        add_to(&c->sending, 1);
        f = flow_in_use(c);
        if (f) connection_end_call(c, &c->sending);
    }
    if (f && count > 0 && flow_is_dead(f)) return flow_send(out, f, NULL, 0, 0);
    if (f && is_plain_file(in, offset)) return send_file(out, f, in, offset, count);
    if (f) {
        keep_on_tcp(out, c, REASON_CALL);
        flow_pay(out, f);
        add_to(&c->sending, 1);
    }
    ssize_t n = real()->sendfile(out, in, offset, count);
    if (n > 0) count_by(&c->bytes, (uint64_t)n);
    if (n < 0 && f) flow_note_error(f, true);
    connection_end_call(c, &c->sending);
    return n;
}

EXPORT ssize_t sendfile64(int out, int in, off64_t *offset, size_t count) {
    return sendfile(out, in, offset, count);
}

/*
 * What the ring still has goes through a pipe of our own into the program's, by the kernel's splice: whether a pipe is
 * full, by pages and not by bytes, and whether to wait for it, only the kernel knows.
 */
static ssize_t splice_rest(int in, struct flow *f, int out, size_t count, unsigned flags) {
    int own[2];
    uint8_t *buffer = malloc(PIECE_BYTES);
    if (!buffer) return -1;
    if (count > PIECE_BYTES) count = PIECE_BYTES;
    ssize_t n = -1;
    if (pipe2(own, O_CLOEXEC | O_NONBLOCK) == 0) {
        int wait = flags & SPLICE_F_NONBLOCK ? MSG_DONTWAIT : 0;
        ssize_t seen = flow_receive(in, f, &(struct iovec){buffer, count}, 1, MSG_PEEK | wait, AS_READ);
        ssize_t put = seen > 0 ? kernel(SYS_write, own[1], buffer, (size_t)seen) : seen;
        n = put > 0 ? real()->splice(own[0], NULL, out, NULL, (size_t)put, flags) : put;
        if (n > 0) flow_receive(in, f, &(struct iovec){buffer, (size_t)n}, 1, MSG_DONTWAIT, AS_READ);
        KEEP_ERRNO;
        kernel(SYS_close, own[0]);
        kernel(SYS_close, own[1]);
    }
    KEEP_ERRNO;
    free(buffer);
    return n;
}

/* It moves a pipe's pages, whatever they hold, where a ring could only copy: TCP's. */
EXPORT ssize_t splice(int in, off64_t *in_offset, int out, off64_t *out_offset, size_t count, unsigned flags) {
    struct connection *from = connection_of(in), *to = connection_of(out);
    if (from) keep_on_tcp(in, from, REASON_CALL);
    if (to) keep_on_tcp(out, to, REASON_CALL);
    struct flow *owing = to ? flow_in_use(to) : NULL;
    if (owing && count > 0 && flow_is_dead(owing)) return flow_send(out, owing, NULL, 0, 0);
    if (owing) flow_pay(out, owing);
    struct flow *f = from ? flow_in_use(from) : NULL;
    if (f && !to && !in_offset && !out_offset && count > 0) return splice_rest(in, f, out, count, flags);
    ssize_t n = real()->splice(in, in_offset, out, out_offset, count, flags);
    if (n < 0 && (f || owing)) flow_note_error(f ? f : owing, true);
    return n;
}
