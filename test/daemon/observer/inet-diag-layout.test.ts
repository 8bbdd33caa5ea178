import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import * as layout from '../../../src/daemon/observer/inet-diag-layout.js';

const { diagMessage, diagRequest, netlinkHeader, socketId, tcpInfo, tcpState } = layout;

/** Our number, and the C expression that the headers give for it. */
const expected: Array<[number, string]> = [
  [netlinkHeader.bytes, 'sizeof(struct nlmsghdr)'],
  [netlinkHeader.length, 'offsetof(struct nlmsghdr, nlmsg_len)'],
  [netlinkHeader.type, 'offsetof(struct nlmsghdr, nlmsg_type)'],
  [netlinkHeader.flags, 'offsetof(struct nlmsghdr, nlmsg_flags)'],
  [netlinkHeader.sequence, 'offsetof(struct nlmsghdr, nlmsg_seq)'],
  [layout.netlinkType.error, 'NLMSG_ERROR'],
  [layout.netlinkType.done, 'NLMSG_DONE'],
  [layout.netlinkType.sockDiagByFamily, 'SOCK_DIAG_BY_FAMILY'],
  [layout.netlinkType.sockDestroy, 'SOCK_DESTROY'],
  [layout.netlinkFlag.request, 'NLM_F_REQUEST'],
  [layout.netlinkFlag.acknowledge, 'NLM_F_ACK'],
  [layout.netlinkFlag.dump, 'NLM_F_DUMP'],
  [diagRequest.bytes, 'sizeof(struct inet_diag_req_v2)'],
  [diagRequest.family, 'offsetof(struct inet_diag_req_v2, sdiag_family)'],
  [diagRequest.protocol, 'offsetof(struct inet_diag_req_v2, sdiag_protocol)'],
  [diagRequest.extensions, 'offsetof(struct inet_diag_req_v2, idiag_ext)'],
  [diagRequest.states, 'offsetof(struct inet_diag_req_v2, idiag_states)'],
  [diagRequest.id, 'offsetof(struct inet_diag_req_v2, id)'],
  [socketId.bytes, 'sizeof(struct inet_diag_sockid)'],
  [socketId.sourcePort, 'offsetof(struct inet_diag_sockid, idiag_sport)'],
  [socketId.destinationPort, 'offsetof(struct inet_diag_sockid, idiag_dport)'],
  [socketId.source, 'offsetof(struct inet_diag_sockid, idiag_src)'],
  [socketId.destination, 'offsetof(struct inet_diag_sockid, idiag_dst)'],
  [socketId.interface, 'offsetof(struct inet_diag_sockid, idiag_if)'],
  [socketId.cookie, 'offsetof(struct inet_diag_sockid, idiag_cookie)'],
  [diagMessage.bytes, 'sizeof(struct inet_diag_msg)'],
  [diagMessage.family, 'offsetof(struct inet_diag_msg, idiag_family)'],
  [diagMessage.state, 'offsetof(struct inet_diag_msg, idiag_state)'],
  [diagMessage.id, 'offsetof(struct inet_diag_msg, id)'],
  [diagMessage.receiveQueue, 'offsetof(struct inet_diag_msg, idiag_rqueue)'],
  [layout.infoAttribute, 'INET_DIAG_INFO'],
  [tcpInfo.unacked, 'offsetof(struct tcp_info, tcpi_unacked)'],
  [tcpInfo.bytesAcked, 'offsetof(struct tcp_info, tcpi_bytes_acked)'],
  [tcpInfo.bytesReceived, 'offsetof(struct tcp_info, tcpi_bytes_received)'],
  [tcpInfo.bytesSent, 'offsetof(struct tcp_info, tcpi_bytes_sent)'],
  [tcpInfo.bytesRetransmitted, 'offsetof(struct tcp_info, tcpi_bytes_retrans)'],
  [tcpState.established, 'BPF_TCP_ESTABLISHED'],
  [tcpState.finWait1, 'BPF_TCP_FIN_WAIT1'],
  [tcpState.finWait2, 'BPF_TCP_FIN_WAIT2'],
  [tcpState.closed, 'BPF_TCP_CLOSE'],
  [tcpState.closeWait, 'BPF_TCP_CLOSE_WAIT'],
  [tcpState.lastAcknowledgement, 'BPF_TCP_LAST_ACK'],
  [tcpState.listen, 'BPF_TCP_LISTEN'],
  [tcpState.closing, 'BPF_TCP_CLOSING'],
  [layout.addressFamily.inet, 'AF_INET'],
  [layout.addressFamily.inet6, 'AF_INET6'],
  [layout.addressFamily.netlink, 'AF_NETLINK'],
  [layout.protocolTcp, 'IPPROTO_TCP'],
  [layout.netlinkSockDiag, 'NETLINK_SOCK_DIAG'],
];

it('agrees with the installed headers', () => {
  const directory = mkdtempSync(join(tmpdir(), 'vsockd-layout-'));
  try {
    const headers = [
      'linux/netlink.h',
      'linux/sock_diag.h',
      'linux/inet_diag.h',
      'linux/tcp.h',
      'linux/bpf.h',
    ];
    const lines = ['stddef.h', 'stdio.h', 'sys/socket.h', 'netinet/in.h', ...headers].map(
      (h) => `#include <${h}>`,
    );
    const prints = expected.map(([, expression]) => `printf("%ld\\n", (long)(${expression}));`);
    const program = join(directory, 'layout');
    execFileSync('cc', ['-x', 'c', '-o', program, '-'], {
      input: [...lines, `int main(void) { ${prints.join('\n')} return 0; }`].join('\n'),
    });
    const numbers = execFileSync(program, { encoding: 'utf8' }).trim().split('\n').map(Number);
    const ours = Object.fromEntries(expected.map(([number, expression]) => [expression, number]));
    const theirs = Object.fromEntries(expected.map(([, expression], index) => [expression, numbers[index]]));
    assert.deepEqual(ours, theirs);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
