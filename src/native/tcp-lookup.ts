import ipaddr from 'ipaddr.js';
import { inNetworkNamespace } from './network-namespace.js';
import { RawSocket } from './raw-socket.js';

/** linux/socket.h, linux/netlink.h, linux/sock_diag.h, netinet/in.h */
const AF_NETLINK = 16;
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const NLM_F_REQUEST = 1;
const NLMSG_ERROR = 2;
const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_TCP = 6;
/** struct nlmsghdr, then struct inet_diag_req_v2 (linux/inet_diag.h) */
const headerBytes = 16;
const requestBytes = headerBytes + 56;
/** In the answer, struct inet_diag_msg after the header. */
const inodeOffset = headerBytes + 68;

export interface TcpConnection {
  localAddress: string;
  localPort: number;
  remoteAddress: string;
  remotePort: number;
  /** SO_COOKIE: the kernel answers only for exactly this socket. */
  cookie: bigint;
}

/** Asks the kernel for single TCP sockets of another network namespace. */
export class TcpLookup {
  private readonly socket: RawSocket;
  private readonly request = Buffer.alloc(requestBytes);
  private readonly answer = Buffer.alloc(8192);

  constructor(networkNamespace: string) {
    this.socket = inNetworkNamespace(networkNamespace, () => new RawSocket(AF_NETLINK, NETLINK_SOCK_DIAG));
  }

  /** Whether the connection exists and a program has it open (an inode: not orphaned, not in TIME_WAIT). */
  isHeld(connection: TcpConnection): boolean {
    const { request } = this;
    request.fill(0);
    request.writeUInt32LE(requestBytes, 0);
    request.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4);
    request.writeUInt16LE(NLM_F_REQUEST, 6);
    const local = ipaddr.parse(connection.localAddress);
    request.writeUInt8(local.kind() === 'ipv4' ? AF_INET : AF_INET6, 16);
    request.writeUInt8(IPPROTO_TCP, 17);
    request.writeUInt32LE(0xffff_ffff, 20);
    request.writeUInt16BE(connection.localPort, 24);
    request.writeUInt16BE(connection.remotePort, 26);
    request.set(local.toByteArray(), 28);
    request.set(ipaddr.parse(connection.remoteAddress).toByteArray(), 44);
    request.writeBigUInt64LE(connection.cookie, 64);
    this.socket.send(request);
    const length = this.socket.receive(this.answer);
    if (length === null || length < inodeOffset + 4) return false;
    if (this.answer.readUInt16LE(4) === NLMSG_ERROR) return false;
    return this.answer.readUInt32LE(inodeOffset) !== 0;
  }

  close(): void {
    this.socket.close();
  }
}
