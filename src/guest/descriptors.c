/* What the library knows of each descriptor of the program, and its own descriptors, out of the program's way. */
#include "internal.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define CHUNK 256
#define CHUNKS 4096 /* a million descriptors; memory only for those in use */
#define HIDDEN_MAX 160

pthread_mutex_t process_lock = PTHREAD_MUTEX_INITIALIZER;
int own_pid;
bool enabled;

static struct entry *chunks[CHUNKS];
static int hidden[HIDDEN_MAX]; /* descriptor + 1; 0: free */

struct entry *entry_find(int fd) {
    if (fd < 0 || fd >= CHUNK * CHUNKS) return NULL;
    struct entry *chunk = load(&chunks[fd / CHUNK]);
    return chunk ? &chunk[fd % CHUNK] : NULL;
}

struct entry *entry_get(int fd) {
    if (fd < 0 || fd >= CHUNK * CHUNKS) return NULL;
    struct entry **place = &chunks[fd / CHUNK], *none = NULL;
    if (!load(place)) {
        struct entry *made = calloc(CHUNK, sizeof *made);
        if (!made) return NULL;
        for (int i = 0; i < CHUNK; i++) made[i].fd = fd / CHUNK * CHUNK + i;
        if (!__atomic_compare_exchange_n(place, &none, made, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) free(made);
    }
    return entry_find(fd);
}

struct entry *entry_each(int *cursor) {
    while (*cursor < CHUNK * CHUNKS) {
        struct entry *chunk = chunks[*cursor / CHUNK];
        if (!chunk) {
            *cursor = (*cursor / CHUNK + 1) * CHUNK;
            continue;
        }
        return &chunk[(*cursor)++ % CHUNK];
    }
    return NULL;
}

/* A descriptor that came by exec, fork or a message: what is it? */
static void look(int fd, struct entry *e) {
    int saved = errno, value = 0;
    socklen_t size = sizeof value;
    e->kind = KIND_OTHER;
    if (real()->getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &value, &size) == 0 && value == IPPROTO_TCP) {
        size = sizeof value;
        int listening = 0;
        real()->getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size);
        if (!listening) {
            e->kind = KIND_TCP;
            if (!in_vfork_child()) flow_adopt(fd, e);
        }
    } else if (errno == EBADF) {
        e->kind = KIND_UNKNOWN;
    }
    errno = saved;
}

struct entry *entry_tcp(int fd) {
    if (!enabled) return NULL;
    struct entry *e = entry_find(fd);
    if (!e && !(e = entry_get(fd))) return NULL;
    if (__builtin_expect(e->kind == KIND_UNKNOWN, 0)) look(fd, e);
    return e->kind == KIND_TCP ? e : NULL;
}

void entry_forget(struct entry *e) {
    if (e->kind == KIND_UNKNOWN) return;
    if (e->items) epoll_forget_items(e);
    if (e->epoll) epoll_forget(e);
    if (e->flow) {
        pthread_mutex_lock(&process_lock);
        for (struct entry **at = &e->flow->entries; *at; at = &(*at)->next_of_flow)
            if (*at == e) {
                *at = e->next_of_flow;
                break;
            }
        pthread_mutex_unlock(&process_lock);
    }
    int fd = e->fd;
    memset(e, 0, sizeof *e);
    e->fd = fd;
}

void entry_copy(int from, int to) {
    struct entry *source = entry_find(from), *target = entry_get(to);
    if (!target) return;
    entry_forget(target);
    if (!source || source->kind != KIND_TCP) return; /* an epoll's copy goes to the kernel as it is */
    target->kind = source->kind;
    target->direction = source->direction;
    target->not_carried = source->not_carried;
    target->calls = source->calls;
    target->bytes = source->bytes;
    if (source->flow) {
        pthread_mutex_lock(&process_lock);
        target->flow = source->flow;
        target->next_of_flow = source->flow->entries;
        source->flow->entries = target;
        pthread_mutex_unlock(&process_lock);
    }
}

/* A vfork child runs in the parent's memory with descriptors of its own: it must not change the table. */
bool in_vfork_child(void) {
    return own_pid != 0 && getpid() != own_pid;
}

int hide_descriptor(int fd) {
    struct rlimit limit;
    long top = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < CHUNK * CHUNKS ? (long)limit.rlim_cur : 65536;
    long base = top > 2 * HIDDEN_MAX ? top - HIDDEN_MAX - 16 : top / 2;
    int high = real()->fcntl(fd, F_DUPFD_CLOEXEC, base);
    if (high < 0) high = real()->fcntl(fd, F_DUPFD_CLOEXEC, 3);
    int saved = errno;
    real()->close(fd);
    errno = saved;
    if (high < 0) return -1;
    for (int i = 0; i < HIDDEN_MAX; i++) {
        int none = 0;
        if (__atomic_compare_exchange_n(&hidden[i], &none, high + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
            struct entry *e = entry_get(high);
            if (e) e->kind = KIND_OTHER;
            return high;
        }
    }
    real()->close(high);
    errno = EMFILE;
    return -1;
}

bool is_hidden(int fd) {
    for (int i = 0; i < HIDDEN_MAX; i++)
        if (hidden[i] == fd + 1) return true;
    return false;
}

int next_hidden(unsigned first) {
    int best = -1;
    for (int i = 0; i < HIDDEN_MAX; i++) {
        int fd = hidden[i] - 1;
        if (fd >= 0 && (unsigned)fd >= first && (best < 0 || fd < best)) best = fd;
    }
    return best;
}

void unhide_close(int fd) {
    for (int i = 0; i < HIDDEN_MAX; i++)
        if (hidden[i] == fd + 1) hidden[i] = 0;
    struct entry *e = entry_find(fd);
    if (e) e->kind = KIND_UNKNOWN;
    real()->close(fd);
}

void entries_after_fork(void) {
    struct entry *e;
    for (int cursor = 0; (e = entry_each(&cursor));) e->sending = 0;
    for (int i = 0; i < HIDDEN_MAX; i++)
        if (hidden[i]) unhide_close(hidden[i] - 1);
}
