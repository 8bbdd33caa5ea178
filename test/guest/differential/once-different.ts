import {
  events,
  epollOperation,
  how,
  ioctl,
  level,
  message,
  pointer,
  socketOption,
  splice,
} from './constants.js';
import type { CallName, Program, Step } from './program.js';

const { IN, PRI, OUT, RDHUP, EXCLUSIVE } = events;
const { MSG_DONTWAIT: NOW, MSG_PEEK: PEEK, MSG_OOB: OOB, MSG_WAITALL: ALL } = message;
const { MSG_NOSIGNAL: NOSIGNAL, MSG_ZEROCOPY: ZEROCOPY, MSG_TRUNC: TRUNC } = message;
const { SHUT_RD, SHUT_WR, SHUT_RDWR } = how;
const actors = { client: [0, 0], thread: [0, 1], server: [1, 0], child: [1, 3] } as const;
type Written = readonly [keyof typeof actors, CallName, ...number[]];

const written = (inRings: boolean, calls: readonly Written[]): Program => ({
  inRings,
  steps: calls.map(([actor, call, ...values]): Step => {
    const [side, role] = actors[actor];
    return { side, role, call, arguments: values };
  }),
});
const inRings = (...calls: Written[]): Program => written(true, calls);
const onTcp = (...calls: Written[]): Program => written(false, calls);

/** What the client has to read then comes on TCP, by the ring, and on TCP again. */
const byTcpRingAndTcp: readonly Written[] = [
  ['server', 'write', 0, 1],
  ['client', 'recv', 0, 1, PEEK | NOW],
  ['client', 'recvmsg', 0, 1, PEEK, 1],
  ['server', 'send', 0, 9],
  ['server', 'send', 0, 1, NOW | ZEROCOPY],
];

/** What random programs found, as small as it was made, by what went wrong with the library. */
export const onceDifferent: ReadonlyMap<string, Program> = new Map([
  [
    'urgent data was not seen behind unread bytes, and a read went on beyond it',
    inRings(
      ['server', 'write', 0, 1],
      ['server', 'send', 0, 1, OOB],
      ['client', 'poll', 0, 0, IN | PRI | OUT | RDHUP, -1, 0, -1, 0],
      ['server', 'send', 0, 1551, NOW],
    ),
  ],
  [
    'after shutdown(SHUT_RD) and a look, what the other end had sent was lost',
    inRings(
      ['server', 'shutdown', 0, SHUT_RD],
      ['server', 'ppoll', 0, 0, IN, -1, 0, -1, 0],
      ['client', 'writev', 0, 10, 0, 1],
      ['client', 'sendmsg', 0, 1, OOB, 1],
    ),
  ],
  [
    'after shutdown(SHUT_RD) a poll for nothing spun',
    inRings(['server', 'shutdown', 0, SHUT_RD], ['server', 'poll', -1, 0, 0, -1, 0, -1, 0]),
  ],
  [
    'a reset behind unread bytes was no error in poll',
    inRings(
      ['client', 'send', 0, 1, NOW],
      ['server', 'shutdown', 0, SHUT_RDWR],
      ['client', 'write', 0, 9],
      ['server', 'poll', -1, 0, 0, -1, 0, -1, 0],
    ),
  ],
  [
    'a poll for nothing slept on when the connection was reset',
    onTcp(
      ['server', 'send', 0, 17],
      ['client', 'recv', 0, 16],
      ['client', 'send', 0, 607, NOW],
      ['client', 'write', 0, 907],
      ['client', 'poll', -1, 0, 0, -1, 0, -1, 0],
      ['server', 'close', 0],
    ),
  ],
  [
    'a receive that had some bytes took the error from the next one',
    inRings(
      ['client', 'sendmsg', 0, 1, NOW, 1],
      ['client', 'unconnect', 0],
      ['server', 'recv', 0, 2, NOW | ALL],
    ),
  ],
  [
    'bytes in the ring were lost when the reset came first',
    onTcp(
      ['server', 'sendto', 0, 1, NOW],
      ['client', 'recv', 0, 1, PEEK | NOW],
      ['client', 'recv', 0, 1, NOW],
      ['server', 'send', 0, 10],
      ['server', 'unconnect', 0],
      ['client', 'pselect', 0, 0, IN, -1, 0, -1, 0],
      ['client', 'read', 0, 60_000],
    ),
  ],
  [
    'bytes on TCP were lost when the reset came first',
    onTcp(
      ['server', 'send', 0, 1, NOW],
      ['client', 'send', 0, 1],
      ['server', 'recvmsg', 0, 1, PEEK | NOW, 1],
      ['client', 'sendmsg', 0, 373, NOW, 1],
      ['client', 'close_range', 0, 1, 0],
    ),
  ],
  [
    'splice stopped where TCP ended and the ring began',
    onTcp(
      ['client', 'sendto', 0, 1, NOW],
      ['server', 'send', 0, 11, NOW],
      ['client', 'recv', 0, 1, NOW],
      ['server', 'write', 0, 1],
      ['server', 'close', 0],
      ['client', 'splice_in', 0, 16_830, splice.SPLICE_F_NONBLOCK, 100],
    ),
  ],
  [
    'a reset before the rings were used was told twice',
    onTcp(
      ['client', 'set_linger', 0, 1, 0],
      ['server', 'read', 0, 1],
      ['client', 'recvfrom', 0, 1, NOW],
      ['client', 'close_range', 0, 1, 0],
      ['server', 'write', 0, 1],
    ),
  ],
  [
    'an error that one process was told came once more in another',
    inRings(
      ['server', 'fork', 3],
      ['client', 'close', 0],
      ['server', 'pwritev2', 0, 1, 0, 1],
      ['server', 'poll', 0, 0, IN, -1, 0, -1, 0],
      ['child', 'send', 0, 69, NOW],
    ),
  ],
  [
    'connect with AF_UNSPEC left unread bytes to another process',
    inRings(
      ['server', 'fork', 3],
      ['client', 'send', 0, 10, NOW],
      ['server', 'unconnect', 0],
      ['server', 'recvmsg', 0, 1, PEEK, 1],
      ['child', 'recvmsg', 0, 10, 0, 1],
    ),
  ],
  [
    'a broken pipe came before the reset',
    inRings(
      ['client', 'shutdown', 0, SHUT_WR],
      ['server', 'send', 0, 1, NOW],
      ['server', 'unconnect', 0],
      ['client', 'sendmsg', 0, 1, NOW, 63],
    ),
  ],
  [
    'what arrives after shutdown(SHUT_RDWR) was taken, where TCP answers with a reset',
    onTcp(
      ['server', 'recv', 0, 60_000, PEEK | NOW],
      ['client', 'shutdown', 0, SHUT_RDWR],
      ['client', 'recvfrom', 0, 1, NOW],
      ['client', 'read', 0, 720, 0, 0, pointer.kernel],
      ['server', 'sendmsg', 0, 290, 0, 3],
      ['client', 'poll', 0, 0, 0, -1, 0, -1, 0],
    ),
  ],
  [
    'sendfile of nothing after a reset was an error',
    inRings(['server', 'close', 0], ['client', 'write', 0, 1], ['client', 'sendfile', 0, 0, 0, 0]),
  ],
  [
    'an exclusive registration with a flag that it may not have was something else',
    inRings(
      ['client', 'epoll_create', 4, 0],
      ['client', 'epoll_ctl', 4, epollOperation.EPOLL_CTL_ADD, 0, IN, 1],
      ['server', 'write', 0, 1],
      ['client', 'epoll_ctl', 4, epollOperation.EPOLL_CTL_ADD, 0, IN | RDHUP | EXCLUSIVE, 1],
    ),
  ],
  [
    'a look did not wait for as many bytes as SO_RCVLOWAT asks for',
    inRings(
      ['server', 'set_option', 0, level.SOL_SOCKET, socketOption.SO_RCVLOWAT, 10],
      ['server', 'recv', 0, 10, PEEK],
      ['client', 'send', 0, 4],
      ['client', 'send', 0, 6],
    ),
  ],
  [
    'a mark was told before the bytes in the ring that come before it',
    inRings(
      ['server', 'write', 0, 9],
      ['server', 'send', 0, 1, OOB],
      ['client', 'ioctl_get', 0, ioctl.SIOCATMARK],
      ['client', 'recv', 0, 9, NOW],
      ['client', 'ioctl_get', 0, ioctl.SIOCATMARK],
    ),
  ],
  [
    'a splice of what came on TCP, by the ring and on TCP again ended before its last part',
    onTcp(...byTcpRingAndTcp, ['client', 'splice_in', 0, 32, 0, 100]),
  ],
  [
    'so did a look',
    onTcp(...byTcpRingAndTcp, ['client', 'recvmsg', 0, 32, PEEK, 3], ['client', 'recv', 0, 32, 0]),
  ],
  [
    'a broken pipe came before the reset of who had not read yet',
    inRings(
      ['server', 'shutdown', 0, SHUT_WR],
      ['client', 'send', 0, 1],
      ['client', 'pwritev2', 0, 1, 0, 1],
      ['client', 'unconnect', 0],
      ['server', 'sendto', 0, 1, NOW | NOSIGNAL],
      ['server', 'sendto', 0, 1, NOW | NOSIGNAL],
      ['server', 'recv', 0, 1, NOW],
      ['server', 'recv', 0, 10, NOW],
      ['server', 'recv', 0, 10, NOW],
    ),
  ],
  [
    'an error that the kernel had told was told again',
    inRings(
      ['client', 'write', 0, 1],
      ['server', 'send', 0, 1626],
      ['server', 'unconnect', 0],
      ['client', 'send', 0, 142, NOW],
      ['server', 'close', 0],
      ['client', 'send', 0, 2, NOSIGNAL],
      ['client', 'write', 0, 1743],
    ),
  ],
  [
    'connect with AF_UNSPEC made a reset of a connection that was over',
    inRings(
      ['server', 'exit'],
      ['client', 'send', 0, 1],
      ['client', 'send', 0, 1, NOSIGNAL],
      ['client', 'unconnect', 0],
      ['client', 'send', 0, 1, NOSIGNAL],
    ),
  ],
  [
    'after a reset the last byte of TCP came before those of the ring',
    onTcp(
      ['client', 'sendto', 0, 1438, NOW],
      ['server', 'sendmsg', 0, 319, NOW, 1],
      ['server', 'recv', 0, 3802, TRUNC | NOW],
      ['client', 'send', 0, 3, NOW],
      ['client', 'pwritev2', 0, 1, 0, 3],
      ['client', 'unconnect', 0],
    ),
  ],
  [
    'an exclusive registration could be changed',
    inRings(
      ['server', 'epoll_create', 4, 0],
      ['client', 'send', 0, 1],
      ['server', 'epoll_ctl', 4, epollOperation.EPOLL_CTL_ADD, 0, IN | EXCLUSIVE, 1],
      ['server', 'epoll_ctl', 4, epollOperation.EPOLL_CTL_MOD, 0, IN, 1],
      ['server', 'epoll_ctl', 4, epollOperation.EPOLL_CTL_DEL, 0, IN, 1],
      ['server', 'epoll_ctl', 4, epollOperation.EPOLL_CTL_MOD, 0, IN, 1],
    ),
  ],
  [
    'bytes unread at the last close made no reset where a child had ended before',
    inRings(
      ['server', 'fork', 3],
      ['client', 'sendmsg', 0, 400, NOW | NOSIGNAL, 2],
      ['child', 'exit'],
      ['server', 'shutdown', 0, SHUT_RDWR],
      ['server', 'close', 0],
    ),
  ],
  [
    'a poll that waits did not keep the connection that another thread closed',
    inRings(
      ['client', 'thread', 1],
      ['thread', 'ppoll', -1, 0, 0, -1, 0, -1, 0],
      ['server', 'send', 0, 14],
      ['client', 'close', 0],
      ['server', 'send', 0, 18],
      ['server', 'poll', 0, 0, IN | OUT | RDHUP, -1, 0, -1, 0],
      ['server', 'recv', 0, 1, NOW],
    ),
  ],
  [
    'recvmmsg did not see the end of the stream behind its bytes',
    inRings(
      ['server', 'sendmsg', 0, 10, 0, 1],
      ['server', 'shutdown', 0, SHUT_WR],
      ['client', 'recvmmsg', 0, 42, NOW, 3],
    ),
  ],
  [
    'a forked child lost the connection that it had as standard input',
    onTcp(['server', 'dup_onto', 0, 1, 0], ['server', 'fork', 3], ['child', 'epoll_create', 4, 0]),
  ],
  [
    'who waited for bytes when another process ended the connection was told of a reset, and not of a broken pipe',
    inRings(
      ['server', 'fork', 3],
      ['child', 'readv', 0, 100, 0, 1],
      ['client', 'send', 0, 14],
      ['child', 'readv', 0, 100, 0, 1],
      ['server', 'unconnect', 0],
    ),
  ],
  [
    'with SO_PEEK_OFF a read ended before the last bytes, since looks of the library began where the program’s were to',
    inRings(
      ['server', 'fork', 3],
      ['child', 'read', 0, 60000],
      ['server', 'set_option', 0, level.SOL_SOCKET, socketOption.SO_PEEK_OFF, 100],
      ['client', 'send', 0, 855, OOB],
    ),
  ],
  [
    'recvmmsg did not see the end of the stream behind the bytes of TCP',
    onTcp(
      ['client', 'send', 0, 1],
      ['server', 'sendto', 0, 1],
      ['server', 'shutdown', 0, SHUT_WR],
      ['client', 'recvmmsg', 0, 3, NOW, 2],
    ),
  ],
  [
    'the error that ended recvmmsg after its first message was not told to the next call',
    onTcp(
      ['client', 'thread', 1],
      ['client', 'recvfrom', 0, 1],
      ['server', 'write', 0, 3],
      ['server', 'recvmmsg', 0, 3, 0, 2],
      ['thread', 'write', 0, 1],
      ['client', 'close', 0],
      ['server', 'recv', 0, 2363, TRUNC | ALL],
    ),
  ],
  [
    'an urgent byte before the ring, which no look gets, hid what came after it',
    onTcp(
      ['server', 'recvmsg', 0, 1, OOB | NOW, 1],
      ['server', 'sendmsg', 0, 1, OOB | NOW, 1],
      ['client', 'sendmmsg', 0, 335, NOW, 2],
      ['client', 'recvmsg', 0, 14, NOW, 5],
      ['client', 'sendmsg', 0, 294, NOW, 3],
      ['server', 'send', 0, 1],
      ['client', 'recvfrom', 0, 2, PEEK | NOW],
    ),
  ],
  [
    'urgent data was not told after a reset',
    inRings(
      ['client', 'write', 0, 3],
      ['server', 'shutdown', 0, SHUT_RDWR],
      ['client', 'sendmsg', 0, 634, OOB | NOW, 2],
      ['server', 'readv', 0, 2, 0, 1],
      ['server', 'recv', 0, 12, PEEK | NOW],
      ['server', 'pselect', 0, 0, IN | PRI | OUT, -1, 0, -1, 0],
    ),
  ],
  [
    'a poll that waits did not say that another thread had closed the descriptor',
    inRings(
      ['client', 'thread', 1],
      ['client', 'poll', -1, 0, IN, -1, 0, -1, 0],
      ['thread', 'close', 0],
      ['server', 'send', 0, 1],
    ),
  ],
  [
    'urgent data behind bytes of TCP that were read was not told before the flow had left',
    onTcp(
      ['server', 'sendto', 0, 1, NOW],
      ['server', 'send', 0, 1, OOB | NOW],
      ['client', 'recvfrom', 0, 1],
      ['client', 'poll', 0, 0, IN | PRI | OUT | RDHUP, -1, 0, -1, 0],
    ),
  ],
  [
    'what came after both ways had been shut before the claim was taken, and made no reset',
    onTcp(
      ['client', 'shutdown', 0, SHUT_RD],
      ['client', 'recvfrom', 0, 1, NOW],
      ['client', 'shutdown', 0, SHUT_WR],
      ['server', 'recv', 0, 1],
      ['client', 'recv', 0, 100, NOW | ALL],
      ['client', 'recv', 0, 100, NOW | ALL],
      ['server', 'recv', 0, 19],
      ['server', 'recv', 0, 19],
      ['server', 'sendmsg', 0, 14, NOW | NOSIGNAL, 4],
      ['client', 'sendto', 0, 1392, NOSIGNAL],
    ),
  ],
  [
    'a read went on in the ring beyond the mark of urgent data',
    onTcp(
      ['server', 'writev', 0, 0, 0, 1],
      ['server', 'send', 0, 343, OOB | NOW],
      ['client', 'write', 0, 140],
      ['client', 'recv', 0, 12, PEEK | TRUNC | NOW],
      ['server', 'sendto', 0, 12, NOW],
      ['client', 'recv', 0, 20, NOW],
      ['server', 'recvfrom', 0, 3254, NOW],
      ['client', 'recvmsg', 0, 4, NOW, 2],
      ['server', 'recvmsg', 0, 4, NOW, 3],
      ['server', 'readv', 0, 60_000, 0, 1],
      ['client', 'recvmsg', 0, 13, NOW, 4],
      ['client', 'read', 0, 2],
      ['client', 'recvfrom', 0, 9, NOW | ALL],
      ['client', 'sendto', 0, 3],
      ['client', 'recv', 0, 60_000, NOW],
    ),
  ],
  [
    'epoll forgot a descriptor that was closed while a copy of it lives',
    inRings(
      ['client', 'dup', 0, 1],
      ['client', 'epoll_create', 4, 0],
      ['server', 'send', 0, 1],
      ['client', 'epoll_ctl', 4, epollOperation.EPOLL_CTL_ADD, 0, IN | OUT, 12],
      ['client', 'close', 0],
      ['server', 'send', 0, 10],
      ['client', 'epoll_wait', 4, 8, 0],
    ),
  ],
  [
    'epoll forgot a descriptor that was closed while another process has it',
    inRings(
      ['client', 'epoll_create', 4, 0],
      ['client', 'epoll_ctl', 4, epollOperation.EPOLL_CTL_ADD, 0, IN | OUT, 12],
      ['client', 'cat', 0],
      ['client', 'close', 0],
      ['client', 'epoll_wait', 4, 8, 0],
    ),
  ],
  [
    'who waited for an instance was not told of what another process had put there',
    onTcp(
      ['server', 'recv', 0, 1, PEEK | NOW],
      ['server', 'epoll_create', 4, 0],
      ['server', 'fork', 3],
      ['client', 'recv', 0, 14, PEEK | NOW | ALL],
      ['server', 'close_range', 0, 0, 0],
      ['child', 'epoll_ctl', 4, epollOperation.EPOLL_CTL_ADD, 0, IN | OUT, 72],
      ['server', 'epoll_pwait2', 4, 1, 0],
    ),
  ],
]);
