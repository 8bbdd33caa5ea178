/** Numbers of Linux on x86-64 that steps use as arguments, by the names that a report shows. */

export const message = {
  MSG_OOB: 0x1,
  MSG_PEEK: 0x2,
  MSG_TRUNC: 0x20,
  MSG_DONTWAIT: 0x40,
  MSG_WAITALL: 0x100,
  MSG_ERRQUEUE: 0x2000,
  MSG_NOSIGNAL: 0x4000,
  MSG_MORE: 0x8000,
  MSG_WAITFORONE: 0x10000,
  MSG_ZEROCOPY: 0x4000000,
} as const;

export const events = {
  IN: 0x1,
  PRI: 0x2,
  OUT: 0x4,
  ERR: 0x8,
  HUP: 0x10,
  NVAL: 0x20,
  RDNORM: 0x40,
  WRNORM: 0x100,
  RDHUP: 0x2000,
  EXCLUSIVE: 1 << 28,
  ONESHOT: 1 << 30,
  ET: 1 << 31,
} as const;

export const epollOperation = { EPOLL_CTL_ADD: 1, EPOLL_CTL_DEL: 2, EPOLL_CTL_MOD: 3 } as const;
export const splice = { SPLICE_F_NONBLOCK: 2, SPLICE_F_MORE: 4 } as const;
export const positioned = { RWF_NOWAIT: 8 } as const;

export const fcntl = {
  F_DUPFD: 0,
  F_GETFD: 1,
  F_SETFD: 2,
  F_GETFL: 3,
  F_SETFL: 4,
  F_SETOWN: 8,
  F_DUPFD_CLOEXEC: 1030,
} as const;
export const fileFlag = { O_NONBLOCK: 0o4000, O_ASYNC: 0o20000 } as const;
export const ioctl = {
  FIONREAD: 0x541b,
  FIONBIO: 0x5421,
  FIOASYNC: 0x5452,
  SIOCOUTQ: 0x5411,
  SIOCATMARK: 0x8905,
} as const;
export const how = { SHUT_RD: 0, SHUT_WR: 1, SHUT_RDWR: 2 } as const;

export const level = { SOL_SOCKET: 1, SOL_TCP: 6 } as const;
export const socketOption = {
  SO_TYPE: 3,
  SO_ERROR: 4,
  SO_KEEPALIVE: 9,
  SO_OOBINLINE: 10,
  SO_LINGER: 13,
  SO_RCVLOWAT: 18,
  SO_RCVTIMEO: 20,
  SO_SNDTIMEO: 21,
  SO_ACCEPTCONN: 30,
  SO_TIMESTAMPNS: 35,
  SO_PEEK_OFF: 42,
  SO_BUSY_POLL: 46,
  SO_ZEROCOPY: 60,
} as const;
export const tcpOption = {
  TCP_NODELAY: 1,
  TCP_CORK: 3,
  TCP_KEEPIDLE: 4,
  TCP_QUICKACK: 12,
  TCP_USER_TIMEOUT: 18,
  TCP_NOTSENT_LOWAT: 25,
  TCP_INQ: 36,
} as const;

/** How a pointer in a call is wrong; actor.h’s `enum pointer`. */
export const pointer = { good: 0, null: 1, low: 2, kernel: 3 } as const;
