#include "descriptors.h"

#include "channel/channel.h"
#include "epoll/epoll.h"
#include "flow.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define CHUNK 256
#define CHUNKS 4096 /* a million descriptors; memory only for those in use */
#define HIDDEN_ROOM 1024 /* numbers at the top of the limit that the library's own descriptors use */

pthread_mutex_t process_lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
int own_pid;

static struct entry *chunks[CHUNKS];
static struct pool connections = {sizeof(struct connection), NULL};
static int hidden_lowest = INT_MAX, hidden_highest = -1;

struct entry *entry_find(int fd) {
    if (fd < 0 || fd >= CHUNK * CHUNKS) return NULL;
    struct entry *chunk = load(&chunks[fd / CHUNK]);
    return chunk ? &chunk[fd % CHUNK] : NULL;
}

struct entry *entry_get(int fd) {
    if (fd < 0 || fd >= CHUNK * CHUNKS) return NULL;
    struct entry **place = &chunks[fd / CHUNK];
    if (!load(place)) {
        size_t bytes = CHUNK * sizeof(struct entry);
        struct entry *made = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (made == MAP_FAILED) return NULL;
        for (int i = 0; i < CHUNK; i++) made[i].fd = fd / CHUNK * CHUNK + i;
        if (!replace(place, NULL, made)) munmap(made, bytes);
    }
    return entry_find(fd);
}

struct entry *entry_each(int *cursor) {
    while (*cursor < CHUNK * CHUNKS) {
        struct entry *chunk = load(&chunks[*cursor / CHUNK]);
        if (!chunk) {
            *cursor = (*cursor / CHUNK + 1) * CHUNK;
            continue;
        }
        return &chunk[(*cursor)++ % CHUNK];
    }
    return NULL;
}

struct connection *connection_each(int *cursor) {
    struct entry *e;
    while ((e = entry_each(cursor)))
        if (e->connection && e->connection->entries == e) return e->connection;
    return NULL;
}

uint64_t cookie_of(int fd) {
    uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    return kernel(SYS_getsockopt, fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

static void link_locked(struct entry *e, struct connection *c) {
    e->next_of_connection = c->entries;
    c->entries = e;
    store(&e->connection, c);
}

static bool is_in_call(struct connection *c) {
    return load(&c->sending) || load(&c->receiving) || load(&c->waiting);
}

static void free_locked(struct connection *c) {
    if (is_in_call(c)) c->closed = 1; /* the thread in there does it */
    else pool_give(&connections, c);
}

static void unlink_locked(struct entry *e) {
    struct connection *c = e->connection;
    for (struct entry **at = &c->entries; *at; at = &(*at)->next_of_connection)
        if (*at == e) {
            *at = e->next_of_connection;
            break;
        }
    store(&e->connection, NULL);
    e->next_of_connection = NULL;
    if (c->entries) return;
    if (c->flow) c->flow->connection = NULL;
    else if (c->shared) {
        if (!c->cookie) c->cookie = cookie_of(e->fd);
        holders_add(c, -1);
    }
    free_locked(c);
}

/* Where the last call ended after the last descriptor. */
static void end_closed_locked(struct connection *c) {
    if (!c->closed || is_in_call(c)) return;
    c->closed = 0;
    pool_give(&connections, c);
}

void connection_end_call(struct connection *c, uint32_t *counter) {
    if (add_to(counter, -1) || !load(&c->closed)) return;
    pthread_mutex_lock(&process_lock);
    end_closed_locked(c);
    pthread_mutex_unlock(&process_lock);
}

void connection_hold(struct connection *c) {
    add_to(&c->waiting, 1);
}

/* As the program's close() does it, which left that to us. */
static void close_kept(int kept) {
    entry_find(kept)->kind = KIND_TCP;
    close(kept);
}

void connection_let_go(struct connection *c) {
    if (add_to(&c->waiting, -1) || !(load(&c->kept) || load(&c->closed))) return;
    KEEP_ERRNO;
    pthread_mutex_lock(&process_lock);
    int kept = c->waiting ? 0 : c->kept;
    if (kept) c->kept = 0;
    else end_closed_locked(c);
    pthread_mutex_unlock(&process_lock);
    if (kept) close_kept(kept);
}

static bool keep_locked(struct connection *c, int fd) {
    int kept = hide_descriptor((int)kernel(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 0));
    if (kept < 0) return false;
    struct entry *e = entry_find(kept);
    link_locked(e, c);
    store(&c->kept, kept);
    full_fence(); /* a call that ends now sees it, or is seen to have ended */
    if (load(&c->waiting)) return true;
    c->kept = 0;
    unlink_locked(e);
    unhide_close(kept);
    return false;
}

bool connection_keep(struct connection *c, int fd) {
    if (!load(&c->waiting)) return false;
    KEEP_ERRNO;
    pthread_mutex_lock(&process_lock);
    bool is_kept = keep_locked(c, fd);
    pthread_mutex_unlock(&process_lock);
    return is_kept;
}

struct connection *connection_new(int fd, int direction) {
    struct entry *e = enabled && fd >= 0 && !in_vfork_child() ? entry_get(fd) : NULL;
    if (!e) return NULL;
    entry_forget(e);
    pthread_mutex_lock(&process_lock);
    struct connection *c = pool_take(&connections);
    if (c) {
        c->direction = (uint8_t)direction;
        if (fd <= STDERR_FILENO) c->never = REASON_STANDARD_STREAM;
        e->kind = KIND_TCP;
        link_locked(e, c);
    }
    pthread_mutex_unlock(&process_lock);
    return c;
}

void connection_merge_locked(struct connection *from, struct connection *to) {
    while (from->entries) {
        struct entry *e = from->entries;
        from->entries = e->next_of_connection;
        link_locked(e, to);
    }
    free_locked(from);
}

bool connection_is_inheritable(struct connection *c) {
    for (struct entry *e = c->entries; e; e = e->next_of_connection) {
        long flags = kernel(SYS_fcntl, e->fd, F_GETFD);
        if (flags >= 0 && !(flags & FD_CLOEXEC)) return true;
    }
    return false;
}

int connection_descriptor(struct connection *c) {
    struct entry *e = c->entries;
    return e ? e->fd : -1;
}

void entry_forget(struct entry *e) {
    if (e->kind == KIND_UNKNOWN) return;
    if (e->items) epoll_forget_items(e);
    if (e->epoll) epoll_forget(e);
    pthread_mutex_lock(&process_lock);
    if (e->connection) unlink_locked(e);
    e->kind = KIND_UNKNOWN;
    pthread_mutex_unlock(&process_lock);
}

void entry_copy(int from, int to) {
    struct entry *source = entry_find(from), *target = entry_get(to);
    if (!target) return;
    entry_forget(target);
    if (!source) return;
    pthread_mutex_lock(&process_lock);
    target->kind = source->kind;
    if (source->connection) {
        link_locked(target, source->connection);
        if (to <= STDERR_FILENO && !target->connection->flow) target->connection->never = REASON_STANDARD_STREAM;
    }
    if (source->epoll) epoll_share_locked(source->epoll, target);
    pthread_mutex_unlock(&process_lock);
}

bool in_vfork_child(void) {
    return own_pid != 0 && !channel_is_sealed() && getpid() != own_pid;
}

int hide_descriptor(int fd) {
    if (fd < 0) return -1;
    struct rlimit limit;
    long top = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < CHUNK * CHUNKS ? (long)limit.rlim_cur : 65536;
    long base = top > 2 * HIDDEN_ROOM ? top - HIDDEN_ROOM : top / 2;
    int high = (int)kernel(SYS_fcntl, fd, F_DUPFD_CLOEXEC, base);
    if (high < 0) high = (int)kernel(SYS_fcntl, fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int saved = errno;
    kernel(SYS_close, fd);
    errno = saved;
    struct entry *e = high < 0 ? NULL : entry_get(high);
    if (!e) {
        if (high >= 0) kernel(SYS_close, high);
        return -1;
    }
    e->kind = KIND_HIDDEN;
    for (int lowest; high < (lowest = load(&hidden_lowest)) && !replace(&hidden_lowest, lowest, high);) continue;
    for (int highest; high > (highest = load(&hidden_highest)) && !replace(&hidden_highest, highest, high);) continue;
    return high;
}

bool is_hidden(int fd) {
    struct entry *e = entry_find(fd);
    return e && e->kind == KIND_HIDDEN;
}

int next_hidden(unsigned first) {
    int lowest = load(&hidden_lowest), highest = load(&hidden_highest);
    if (highest < 0) return -1;
    for (int fd = first > (unsigned)lowest ? (int)first : lowest; fd <= highest; fd++)
        if (is_hidden(fd)) return fd;
    return -1;
}

void unhide_close(int fd) {
    struct entry *e = entry_find(fd);
    if (e) e->kind = KIND_UNKNOWN;
    kernel(SYS_close, fd);
}

/* No thread of the parent is in a call here. */
void entries_after_fork(void) {
    struct entry *e;
    for (int cursor = 0; (e = entry_each(&cursor));) {
        struct connection *c = e->connection;
        if (c) c->sending = c->receiving = c->waiting = 0;
        if (c && c->kept && c->kept == e->fd) c->kept = 0, close_kept(e->fd);
        else if (e->kind == KIND_HIDDEN) unhide_close(e->fd);
    }
    hidden_lowest = INT_MAX;
    hidden_highest = -1;
}
