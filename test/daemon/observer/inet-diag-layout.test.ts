import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as layout from '../../../src/daemon/observer/inet-diag-layout.js';
import { headerNumbers } from '../../support/header-numbers.js';

const { diagMessage, diagRequest, socketId, tcpInfo, tcpState } = layout;

/** C expressions and our numbers for them. */
const ours = {
  SOCK_DIAG_BY_FAMILY: layout.diagType.byFamily,
  SOCK_DESTROY: layout.diagType.destroy,
  'sizeof(struct inet_diag_req_v2)': diagRequest.bytes,
  'offsetof(struct inet_diag_req_v2, sdiag_family)': diagRequest.family,
  'offsetof(struct inet_diag_req_v2, sdiag_protocol)': diagRequest.protocol,
  'offsetof(struct inet_diag_req_v2, idiag_ext)': diagRequest.extensions,
  'offsetof(struct inet_diag_req_v2, idiag_states)': diagRequest.states,
  'offsetof(struct inet_diag_req_v2, id)': diagRequest.id,
  'sizeof(struct inet_diag_sockid)': socketId.bytes,
  'offsetof(struct inet_diag_sockid, idiag_sport)': socketId.sourcePort,
  'offsetof(struct inet_diag_sockid, idiag_dport)': socketId.destinationPort,
  'offsetof(struct inet_diag_sockid, idiag_src)': socketId.source,
  'offsetof(struct inet_diag_sockid, idiag_dst)': socketId.destination,
  'offsetof(struct inet_diag_sockid, idiag_if)': socketId.interface,
  'offsetof(struct inet_diag_sockid, idiag_cookie)': socketId.cookie,
  'sizeof(struct inet_diag_msg)': diagMessage.bytes,
  'offsetof(struct inet_diag_msg, idiag_family)': diagMessage.family,
  'offsetof(struct inet_diag_msg, idiag_state)': diagMessage.state,
  'offsetof(struct inet_diag_msg, id)': diagMessage.id,
  'offsetof(struct inet_diag_msg, idiag_rqueue)': diagMessage.receiveQueue,
  INET_DIAG_INFO: layout.infoAttribute,
  'offsetof(struct tcp_info, tcpi_unacked)': tcpInfo.unacked,
  'offsetof(struct tcp_info, tcpi_bytes_acked)': tcpInfo.bytesAcked,
  'offsetof(struct tcp_info, tcpi_bytes_received)': tcpInfo.bytesReceived,
  'offsetof(struct tcp_info, tcpi_bytes_sent)': tcpInfo.bytesSent,
  'offsetof(struct tcp_info, tcpi_bytes_retrans)': tcpInfo.bytesRetransmitted,
  BPF_TCP_ESTABLISHED: tcpState.established,
  BPF_TCP_FIN_WAIT1: tcpState.finWait1,
  BPF_TCP_FIN_WAIT2: tcpState.finWait2,
  BPF_TCP_CLOSE: tcpState.closed,
  BPF_TCP_CLOSE_WAIT: tcpState.closeWait,
  BPF_TCP_LAST_ACK: tcpState.lastAcknowledgement,
  BPF_TCP_LISTEN: tcpState.listen,
  BPF_TCP_CLOSING: tcpState.closing,
  AF_INET: layout.addressFamily.inet,
  AF_INET6: layout.addressFamily.inet6,
  IPPROTO_TCP: layout.protocolTcp,
  NETLINK_SOCK_DIAG: layout.netlinkSockDiag,
};

it('agrees with the installed headers', () => {
  const headers = ['sock_diag', 'inet_diag', 'tcp', 'bpf'].map((name) => `linux/${name}.h`);
  assert.deepEqual(
    ours,
    headerNumbers(['sys/socket.h', 'netinet/in.h', 'linux/netlink.h', ...headers], Object.keys(ours)),
  );
});
