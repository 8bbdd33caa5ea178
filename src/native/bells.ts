import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { checked, libc } from './libc.js';

const epollCreate = libc.func('int epoll_create1(int flags)');
const epollControl = libc.func('int epoll_ctl(int epoll, int operation, int fd, void *event)');
const epollWait = libc.func('int epoll_wait(int epoll, void *events, int most, int milliseconds)');
const receive = libc.func('intptr_t recv(int fd, void *bytes, size_t length, int flags)');

/** sys/epoll.h; struct epoll_event is packed on x86-64 alone, which is what vsockd runs on. */
const EPOLL_CLOEXEC = 0x80000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 1;
const EPOLLET = 2 ** 31;
const eventBytes = 12;
const MSG_DONTWAIT = 0x40;
const mostEvents = 64;

type Heard = (bytes: number) => void;

/**
 * Waits for a byte on any of many sockets without Node’s event loop, which takes several times as long to get to the code
 * that waits. Whatever the loop itself waits for ends the wait, too.
 */
export class Bells {
  private readonly epoll = checked('epoll_create1', epollCreate(EPOLL_CLOEXEC) as number);
  private readonly events = Buffer.alloc(eventBytes * mostEvents);
  private readonly bytes = Buffer.alloc(64);
  private loop = -1;
  private readonly heard = new Map<number, Heard>();

  /**
   * A socket of Node’s that rings with bytes which mean nothing.
   * @param heard is told how many there were, where Node does not get them
   */
  add(fd: number, heard: Heard): void {
    if (this.loop < 0) this.watchLoop(fd);
    this.heard.set(fd, heard);
    this.watch(fd, EPOLLIN + EPOLLET);
  }

  /** Also when it is closed; its number may be another socket’s by now. @returns whether it was one */
  remove(fd: number, heard: Heard): boolean {
    if (this.heard.get(fd) !== heard) return false;
    this.heard.delete(fd);
    epollControl(this.epoll, EPOLL_CTL_DEL, fd, Buffer.alloc(eventBytes)); // what is closed has left by itself
    return true;
  }

  /** @returns whether one rang before the time was over, or the loop had something to do */
  wait(milliseconds: number): boolean {
    while (this.loop >= 0) {
      const count = epollWait(this.epoll, this.events, mostEvents, milliseconds) as number;
      if (count <= 0) return false;
      const found = this.take(count);
      if (found !== 'nothing') return found === 'rung';
    }
    return false;
  }

  /** What the loop has read already is nothing. */
  private take(count: number): 'rung' | 'loop' | 'nothing' {
    let found: 'rung' | 'loop' | 'nothing' = 'nothing';
    for (let e = 0; e < count; e++) {
      const fd = this.events.readInt32LE(e * eventBytes + 4);
      if (fd !== this.loop) {
        const length = receive(fd, this.bytes, this.bytes.length, MSG_DONTWAIT) as number;
        if (length <= 0) continue;
        found = 'rung';
        this.heard.get(fd)?.(length);
      } else if (found === 'nothing') {
        found = 'loop';
      }
    }
    return found;
  }

  /** The loop is an epoll instance, too: the one that watches the descriptor of a socket that Node reads from. */
  private watchLoop(fd: number): void {
    const watchesIt = new RegExp(`^tfd:\\s*${fd}\\s`, 'm');
    for (const name of readdirSync('/proc/self/fd')) {
      if (Number(name) === this.epoll || kindOf(name) !== 'anon_inode:[eventpoll]') continue;
      if (!watchesIt.test(readFileSync(`/proc/self/fdinfo/${name}`, 'utf8'))) continue;
      this.loop = Number(name);
      return this.watch(this.loop, EPOLLIN);
    }
  }

  private watch(fd: number, events: number): void {
    const event = Buffer.alloc(eventBytes);
    event.writeUInt32LE(events, 0);
    event.writeInt32LE(fd, 4);
    checked('epoll_ctl', epollControl(this.epoll, EPOLL_CTL_ADD, fd, event) as number);
  }
}

function kindOf(name: string): string | null {
  try {
    return readlinkSync(`/proc/self/fd/${name}`);
  } catch {
    return null; // the listing’s own
  }
}
