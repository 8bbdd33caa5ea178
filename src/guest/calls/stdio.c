/* The C library's streams read and write inside it, past this one: what has a stream is TCP's. */
#include "flow/flow.h"

#include <stdarg.h>
#include <stdio.h>

static void before_stream(int fd) {
    struct connection *c = connection_of(fd);
    if (c) keep_for_others(fd, c, REASON_STDIO);
}

EXPORT FILE *fdopen(int fd, const char *mode) {
    before_stream(fd);
    return real()->fdopen(fd, mode);
}

EXPORT int vdprintf(int fd, const char *format, va_list arguments) {
    struct connection *c = connection_of(fd);
    struct flow *f = c ? flow_in_use(c) : NULL;
    if (f && flow_is_dead(f)) before_stream(fd);
    else if (c) keep_on_tcp(fd, c, REASON_STDIO); /* what is unread stays where it is */
    return real()->vdprintf(fd, format, arguments);
}

EXPORT int dprintf(int fd, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int n = vdprintf(fd, format, arguments);
    va_end(arguments);
    return n;
}

/* What a program that was compiled with _FORTIFY_SOURCE calls. */
EXPORT int __vdprintf_chk(int fd, int flag, const char *format, va_list arguments) {
    (void)flag;
    return vdprintf(fd, format, arguments);
}

EXPORT int __dprintf_chk(int fd, int flag, const char *format, ...) {
    va_list arguments;
    (void)flag;
    va_start(arguments, format);
    int n = vdprintf(fd, format, arguments);
    va_end(arguments);
    return n;
}
