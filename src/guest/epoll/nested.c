/*
 * Instances that watch instances. The kernel wakes whoever waits on the outer one when the inner instance of the library
 * has something; what that is, the kernel cannot know. Often it is nothing for the program: then the event is not shown.
 */
#include "epoll.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct pool nestings = {sizeof(struct nested), NULL};

static void nest(struct epoll *ep, struct epoll *child, int fd, const struct epoll_event *event) {
    struct nested *n = pool_take(&nestings);
    if (!n) return;
    *n = (struct nested){ep->children, child, fd, *event};
    ep->children = n;
}

/* @param fd -1: under whatever descriptor it was put there */
static void unnest(struct epoll *ep, struct epoll *child, int fd) {
    for (struct nested **at = &ep->children, *gone; (gone = *at);) {
        if (gone->child == child && (fd < 0 || gone->fd == fd)) {
            *at = gone->next;
            pool_give(&nestings, gone);
        } else {
            at = &gone->next;
        }
    }
}

void nesting_changed_locked(struct epoll *ep, int operation, int fd, const struct epoll_event *event) {
    struct epoll *child = epoll_of(fd);
    if (!child) return;
    if (operation == EPOLL_CTL_ADD) nest(ep, child, fd, event);
    if (operation == EPOLL_CTL_DEL) unnest(ep, child, fd);
    for (struct nested *n = ep->children; operation == EPOLL_CTL_MOD && n; n = n->next)
        if (n->child == child && n->fd == fd) n->wanted = *event;
}

void nesting_ends_locked(struct epoll *ep) {
    while (ep->children) unnest(ep, ep->children->child, -1);
    struct entry *other;
    for (int cursor = 0; (other = entry_each(&cursor));)
        if (other->epoll) unnest(other->epoll, ep, -1);
}

bool epoll_is_ready(struct epoll *ep) {
    epoll_settle(ep);
    struct pollfd it = {epoll_descriptor(ep), POLLIN, 0};
    struct timespec at_once = {0, 0};
    return kernel(SYS_ppoll, &it, 1, &at_once, NULL, 0) > 0;
}

/* How many descriptors have this data in an instance, by the kernel's list of them (fs/eventpoll.c: ep_show_fdinfo). */
static int descriptors_with(struct epoll *ep, uint64_t data) {
    char path[64], text[1024];
    int found = 0;
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", epoll_descriptor(ep));
    int list = (int)kernel(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (list < 0) return -1;
    size_t kept = 0;
    ssize_t n;
    while ((n = kernel(SYS_read, list, text + kept, sizeof text - 1 - kept)) > 0) {
        char *line = text, *end;
        text[kept += (size_t)n] = 0;
        for (; (end = strchr(line, '\n')); line = end + 1) {
            *end = 0;
            const char *at = strstr(line, "data:");
            if (at && strtoull(at + strlen("data:"), NULL, 16) == data) found++;
        }
        kept -= (size_t)(line - text);
        memmove(text, line, kept);
    }
    kernel(SYS_close, list);
    return found;
}

/* Where other descriptors have the same data nobody can tell whose event it is: then it is shown. */
bool is_false_alarm(struct epoll *ep, const struct epoll_event *event) {
    KEEP_ERRNO;
    for (struct nested *n = ep->children; n; n = n->next) {
        uint64_t data = n->wanted.data.u64;
        if (data != event->data.u64 || !epoll_has_engaged(n->child)) continue;
        if (epoll_is_ready(n->child) || descriptors_with(ep, data) != 1) return false;
        /* The kernel has shown it once, and would not again. */
        if (n->wanted.events & EPOLLONESHOT)
            kernel(SYS_epoll_ctl, epoll_descriptor(ep), EPOLL_CTL_MOD, n->fd, &n->wanted);
        return true;
    }
    return false;
}
