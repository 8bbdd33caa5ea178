/**
 * Layouts of the kernel’s socket diagnosis, as of linux/sock_diag.h, inet_diag.h and tcp.h.
 * All are in the machine’s byte order (little endian on every system that vSocket supports), ports and
 * addresses in the network’s. A test compares the numbers with the installed headers.
 */
/** SOCK_DIAG_BY_FAMILY and SOCK_DESTROY */
export const diagType = { byFamily: 20, destroy: 21 } as const;

/** struct inet_diag_req_v2, and struct inet_diag_sockid in it at `id` */
export const diagRequest = { bytes: 56, family: 0, protocol: 1, extensions: 2, states: 4, id: 8 } as const;

/** struct inet_diag_sockid */
export const socketId = {
  bytes: 48,
  sourcePort: 0,
  destinationPort: 2,
  source: 4,
  destination: 20,
  interface: 36,
  cookie: 40,
} as const;

/** struct inet_diag_msg */
export const diagMessage = {
  bytes: 72,
  family: 0,
  state: 1,
  id: 4,
  receiveQueue: 56,
} as const;

/** INET_DIAG_INFO: the attribute with struct tcp_info; asked for by bit (number - 1) of `extensions`. */
export const infoAttribute = 2;

/** struct tcp_info; older kernels send less of it. */
export const tcpInfo = {
  unacked: 24,
  bytesAcked: 120,
  bytesReceived: 128,
  bytesSent: 200,
  bytesRetransmitted: 208,
} as const;

/** enum tcp_states of include/net/tcp_states.h (also in netinet/tcp.h) */
export const tcpState = {
  established: 1,
  finWait1: 4,
  finWait2: 5,
  closed: 7,
  closeWait: 8,
  lastAcknowledgement: 9,
  listen: 10,
  closing: 11,
} as const;

export const addressFamily = { inet: 2, inet6: 10 } as const;
export const protocolTcp = 6;
export const netlinkSockDiag = 4;
