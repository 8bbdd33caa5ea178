import { mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { helloBytes, parseHello, type Hello } from '../channel/hello.js';
import { vmField } from '../ledger/ledger-layout.js';
import type { LedgerFile } from '../ledger/ledger-file.js';
import { descriptorOf, sendDescriptor, sendWake } from '../native/channel-socket.js';
import { SystemCallError } from '../native/libc.js';
import { socketPeer } from '../native/socket-peer.js';
import { stackOf } from './flow-fault.js';
import type { GuestVm } from './guest-vm.js';
import type { LogLevel } from './messages.js';

export interface ChannelEvents {
  /** A sleeping vsockd was rung. */
  rung(): void;
  /** From now on it is rung by bytes on this socket. */
  bell(fd: number): void;
  processBegan(vm: GuestVm, process: number): void;
  processEnded(vm: GuestVm, process: number): void;
  log(level: LogLevel, message: string, fields: Record<string, unknown>): void;
}

/** A library says hello at once; a busy machine may take its time. */
const helloMilliseconds = 5000;

/**
 * Serves one VM’s channel. What comes over it is from that VM: the socket’s place is the proof.
 * @param mostConnections that it may hold at once
 */
export function serveChannel(
  vm: GuestVm,
  ledger: LedgerFile,
  events: ChannelEvents,
  mostConnections: number,
): Promise<Server> {
  const path = vm.config.channel;
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  const server = createServer((socket) => greet(vm, socket, ledger, events));
  server.maxConnections = mostConnections;
  const { name } = vm.config;
  server.on('drop', () => events.log('warn', 'connection refused: the VM has too many', { vm: name }));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path, writableAll: true, readableAll: true }, () => {
      server.off('error', reject);
      // The others go on, and so does this one with its next connection.
      server.on('error', (error) =>
        events.log('error', `connection refused: ${error.message}`, { vm: name }),
      );
      resolve(server);
    });
  });
}

function greet(vm: GuestVm, socket: Socket, ledger: LedgerFile, events: ChannelEvents): void {
  let waiting = Buffer.alloc(0);
  let greeted = false;
  const giveUp = (): void => {
    if (greeted || socket.destroyed) return;
    events.log('warn', 'channel closed: no hello in time', { vm: vm.config.name });
    socket.destroy();
  };
  // Not at once: if this process was held up, the hello is there and is read first.
  const deadline = setTimeout(() => setImmediate(giveUp), helloMilliseconds);
  socket.on('close', () => clearTimeout(deadline));
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    if (greeted) return events.rung();
    waiting = Buffer.concat([waiting, chunk]);
    if (waiting.length < helloBytes) return;
    greeted = true;
    clearTimeout(deadline);
    const hello = parseHello(waiting);
    if (hello === null) {
      events.log('warn', 'channel closed: no hello', { vm: vm.config.name });
      socket.destroy();
      return;
    }
    waiting = Buffer.alloc(0);
    try {
      welcome(vm, socket, hello, ledger, events);
    } catch (error) {
      // The guest hung up, or leaves what it is sent in the socket: its own loss.
      if (error instanceof SystemCallError)
        events.log('info', `channel closed: ${error.message}`, { vm: vm.config.name });
      else events.log('error', 'vsockd failed in a hello', { vm: vm.config.name, stack: stackOf(error) });
      socket.destroy();
    }
    events.rung();
  });
}

function welcome(vm: GuestVm, socket: Socket, hello: Hello, ledger: LedgerFile, events: ChannelEvents): void {
  const fd = descriptorOf(socket);
  if (hello.type === 'map') {
    sendDescriptor(fd, vm.memoryFd);
    return;
  }
  if (hello.type === 'waiter') {
    vm.waiters.set(hello.process, hello.waiter, fd);
    sendWake(fd); // what came before this hello was read would have woken nobody
    socket.on('close', () => vm.waiters.clear(hello.process, hello.waiter, fd));
    return;
  }
  events.bell(fd);
  const process = { pid: socketPeer(fd).pid, program: hello.program };
  vm.processes[hello.process] = process;
  countProcesses(vm, ledger);
  events.processBegan(vm, hello.process);
  socket.on('close', () => {
    if (vm.processes[hello.process] !== process) return; // the same process came again
    vm.processes[hello.process] = null;
    countProcesses(vm, ledger);
    events.processEnded(vm, hello.process);
  });
}

function countProcesses(vm: GuestVm, ledger: LedgerFile): void {
  ledger.words[ledger.vm(vm.ledgerIndex, vmField.processes)] = vm.processes.filter((p) => p !== null).length;
}
