/* The C library's own functions, which those of the same name in this library stand before. */
#ifndef VSOCKET_REAL_H
#define VSOCKET_REAL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#define EXPORT __attribute__((visibility("default")))
/* Another name that the C library has for one of these. */
#define SAME_AS(name) __attribute__((visibility("default"), alias(#name)))

#define REAL_FUNCTIONS(X)                                                                                    \
    X(int, socket, (int, int, int))                                                                          \
    X(int, connect, (int, const struct sockaddr *, socklen_t))                                               \
    X(int, listen, (int, int))                                                                               \
    X(int, accept, (int, struct sockaddr *, socklen_t *))                                                    \
    X(int, accept4, (int, struct sockaddr *, socklen_t *, int))                                              \
    X(int, shutdown, (int, int))                                                                             \
    X(int, getpeername, (int, struct sockaddr *, socklen_t *))                                               \
    X(int, getsockopt, (int, int, int, void *, socklen_t *))                                                 \
    X(int, setsockopt, (int, int, int, const void *, socklen_t))                                             \
    X(ssize_t, read, (int, void *, size_t))                                                                  \
    X(ssize_t, readv, (int, const struct iovec *, int))                                                      \
    X(ssize_t, recv, (int, void *, size_t, int))                                                             \
    X(ssize_t, recvfrom, (int, void *, size_t, int, struct sockaddr *, socklen_t *))                         \
    X(ssize_t, recvmsg, (int, struct msghdr *, int))                                                         \
    X(int, recvmmsg, (int, struct mmsghdr *, unsigned, int, struct timespec *))                              \
    X(ssize_t, write, (int, const void *, size_t))                                                           \
    X(ssize_t, writev, (int, const struct iovec *, int))                                                     \
    X(ssize_t, send, (int, const void *, size_t, int))                                                       \
    X(ssize_t, sendto, (int, const void *, size_t, int, const struct sockaddr *, socklen_t))                 \
    X(ssize_t, sendmsg, (int, const struct msghdr *, int))                                                   \
    X(int, sendmmsg, (int, struct mmsghdr *, unsigned, int))                                                 \
    X(ssize_t, sendfile, (int, int, off_t *, size_t))                                                        \
    X(ssize_t, splice, (int, loff_t *, int, loff_t *, size_t, unsigned))                                     \
    X(ssize_t, preadv2, (int, const struct iovec *, int, off_t, int))                                        \
    X(ssize_t, pwritev2, (int, const struct iovec *, int, off_t, int))                                       \
    X(int, close, (int))                                                                                     \
    X(int, close_range, (unsigned, unsigned, int))                                                           \
    X(int, dup, (int))                                                                                       \
    X(int, dup2, (int, int))                                                                                 \
    X(int, dup3, (int, int, int))                                                                            \
    X(int, fcntl, (int, int, ...))                                                                           \
    X(int, fcntl64, (int, int, ...))                                                                         \
    X(int, ioctl, (int, unsigned long, ...))                                                                 \
    X(long, syscall, (long, ...))                                                                            \
    X(int, poll, (struct pollfd *, nfds_t, int))                                                             \
    X(int, ppoll, (struct pollfd *, nfds_t, const struct timespec *, const sigset_t *))                      \
    X(int, select, (int, fd_set *, fd_set *, fd_set *, struct timeval *))                                    \
    X(int, pselect, (int, fd_set *, fd_set *, fd_set *, const struct timespec *, const sigset_t *))          \
    X(int, epoll_create, (int))                                                                              \
    X(int, epoll_create1, (int))                                                                             \
    X(int, epoll_ctl, (int, int, int, struct epoll_event *))                                                 \
    X(int, epoll_wait, (int, struct epoll_event *, int, int))                                                \
    X(int, epoll_pwait, (int, struct epoll_event *, int, int, const sigset_t *))                             \
    X(int, epoll_pwait2, (int, struct epoll_event *, int, const struct timespec *, const sigset_t *))        \
    X(int, sigaction, (int, const struct sigaction *, struct sigaction *))                                   \
    X(sighandler_t, signal, (int, sighandler_t))                                                             \
    X(int, siginterrupt, (int, int))                                                                         \
    X(sighandler_t, __sysv_signal, (int, sighandler_t))                                                      \
    X(int, prctl, (int, ...))                                                                                \
    X(int, execve, (const char *, char *const *, char *const *))                                             \
    X(int, execvpe, (const char *, char *const *, char *const *))                                            \
    X(int, fexecve, (int, char *const *, char *const *))                                                     \
    X(int, execveat, (int, const char *, char *const *, char *const *, int))                                 \
    X(int, posix_spawn,                                                                                      \
      (pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const *,  \
       char *const *))                                                                                       \
    X(int, posix_spawnp,                                                                                     \
      (pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const *,  \
       char *const *))                                                                                       \
    X(int, posix_spawn_file_actions_adddup2, (posix_spawn_file_actions_t *, int, int))                       \
    X(int, system, (const char *))                                                                           \
    X(FILE *, popen, (const char *, const char *))                                                           \
    X(void, _exit, (int))                                                                                    \
    X(int, vdprintf, (int, const char *, va_list))                                                           \
    X(FILE *, fdopen, (int, const char *))

#define REAL_MEMBER(result, name, arguments) result(*name) arguments;
struct real {
    REAL_FUNCTIONS(REAL_MEMBER)
};
extern struct real real_functions;

void real_load(void);

/* Programs may call before this library's constructor ran. */
static inline struct real *real(void) {
    if (__builtin_expect(real_functions.close == 0, 0)) real_load();
    return &real_functions;
}

#endif
