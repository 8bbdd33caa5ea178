/* The calls by which another program comes to have a connection, and by which a program locks itself in. */
#include "flow/flow.h"

#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

extern char **environ;

/* After the call of the real exec: it came back, so it failed. */
static int exec_failed(int result) {
    flows_exec_failed();
    return result;
}

EXPORT int execve(const char *path, char *const arguments[], char *const environment[]) {
    flows_before_exec();
    return exec_failed(real()->execve(path, arguments, environment));
}

EXPORT int execv(const char *path, char *const arguments[]) {
    return execve(path, arguments, environ);
}

EXPORT int execvpe(const char *file, char *const arguments[], char *const environment[]) {
    flows_before_exec();
    return exec_failed(real()->execvpe(file, arguments, environment));
}

EXPORT int execvp(const char *file, char *const arguments[]) {
    return execvpe(file, arguments, environ);
}

EXPORT int fexecve(int fd, char *const arguments[], char *const environment[]) {
    flows_before_exec();
    return exec_failed(real()->fexecve(fd, arguments, environment));
}

EXPORT int execveat(int fd, const char *path, char *const arguments[], char *const environment[], int flags) {
    flows_before_exec();
    return exec_failed(real()->execveat(fd, path, arguments, environment, flags));
}

/* The words after the first, to the NULL; *after is what follows that. */
static size_t count_words(va_list words) {
    size_t count = 1;
    while (va_arg(words, const char *)) count++;
    return count;
}

#define WORDS_OF(first)                                                                                      \
    va_list rest;                                                                                            \
    va_start(rest, first);                                                                                   \
    size_t count = count_words(rest);                                                                        \
    va_end(rest);                                                                                            \
    const char *words[count + 1];                                                                            \
    va_start(rest, first);                                                                                   \
    words[0] = first;                                                                                        \
    for (size_t k = 1; k <= count; k++) words[k] = va_arg(rest, const char *)

EXPORT int execl(const char *path, const char *first, ...) {
    WORDS_OF(first);
    va_end(rest);
    return execve(path, (char *const *)words, environ);
}

EXPORT int execlp(const char *file, const char *first, ...) {
    WORDS_OF(first);
    va_end(rest);
    return execvpe(file, (char *const *)words, environ);
}

EXPORT int execle(const char *path, const char *first, ...) {
    WORDS_OF(first);
    char *const *environment = va_arg(rest, char *const *);
    va_end(rest);
    return execve(path, (char *const *)words, environment);
}

EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]) {
    flows_before_spawn();
    return real()->posix_spawn(pid, path, actions, attributes, arguments, environment);
}

EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]) {
    flows_before_spawn();
    return real()->posix_spawnp(pid, file, actions, attributes, arguments, environment);
}

/* The copy has no close-on-exec, whatever the original has. */
EXPORT int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int fd, int to) {
    struct connection *c = connection_of(fd);
    if (enabled && c) flow_before_message(c);
    return real()->posix_spawn_file_actions_adddup2(actions, fd, to);
}

EXPORT int system(const char *command) {
    flows_before_spawn();
    return real()->system(command);
}

EXPORT FILE *popen(const char *command, const char *mode) {
    flows_before_spawn();
    return real()->popen(command, mode);
}

void sandbox_begins(void) {
    if (!enabled || channel_is_sealed()) return;
    KEEP_ERRNO;
    flow_leave_all(REASON_SANDBOX);
    channel_seal();
}

EXPORT int prctl(int option, ...) {
    unsigned long a[4];
    va_list rest;
    va_start(rest, option);
    for (int k = 0; k < 4; k++) a[k] = va_arg(rest, unsigned long);
    va_end(rest);
    if (option == PR_SET_SECCOMP) sandbox_begins();
    return real()->prctl(option, a[0], a[1], a[2], a[3]);
}
