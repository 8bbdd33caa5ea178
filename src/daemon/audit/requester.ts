import { readFileSync, readlinkSync, readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { descriptorOf } from '../../native/channel-socket.js';
import { socketPeer } from '../../native/socket-peer.js';
import { userName } from '../../native/user-name.js';
import { establishedRemote } from './proc-net-tcp.js';

/** Who asks for a change. */
export interface Requester {
  uid: number;
  /** Null when the system has no name for the uid. */
  user: string | null;
  /** The connecting process: sshd’s, for a request over SSH. */
  pid: number;
  program: string | null;
  /** Address of the SSH client; null when the request does not come through sshd. */
  sshClient: string | null;
  /** What the client says of itself. Anyone may write anything there. */
  unverifiedNote: string | null;
}

/** OpenSSH: sshd, and sshd-session since 9.8. */
const sshPrograms = ['sshd', 'sshd-session'];

/**
 * The kernel says who connected to the socket. sshd connects as the user who logged in; the other end of its own
 * TCP connection is where that user is.
 */
export function requesterOf(socket: Socket, note: string | undefined): Requester {
  const { pid, uid } = socketPeer(descriptorOf(socket));
  const program = programOf(pid);
  return {
    uid,
    user: userName(uid),
    pid,
    program,
    sshClient: program !== null && sshPrograms.includes(program) ? sshClientOf(pid) : null,
    unverifiedNote: note === undefined ? null : printable(note),
  };
}

function programOf(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd();
  } catch {
    return null;
  }
}

function sshClientOf(pid: number): string | null {
  try {
    const inodes = new Set<string>();
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      if (inode !== undefined) inodes.add(inode);
    }
    return establishedRemote(pid, inodes);
  } catch {
    // The process is gone or not ours to look into: the address cannot be told.
    return null;
  }
}

/** Control characters would forge lines of the log on a reader’s terminal. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, '').slice(0, 256);
}
