import { closeSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { helloBytes, parseHello, type Hello } from '../channel/hello.js';
import { vmField } from '../ledger/ledger-layout.js';
import type { LedgerFile } from '../ledger/ledger-file.js';
import { descriptorOf, sendDescriptor, sendWake } from '../native/channel-socket.js';
import { duplicate, listenOn } from '../native/listening-socket.js';
import type { Bells } from '../native/bells.js';
import { SystemCallError } from '../native/libc.js';
import { socketPeer } from '../native/socket-peer.js';
import { stackOf } from './flow-fault.js';
import type { GuestVm } from './guest-vm.js';
import type { LogLevel } from './messages.js';

export interface ChannelEvents {
  /** A sleeping vsockd was rung. */
  rung(): void;
  processBegan(vm: GuestVm, process: number): void;
  processEnded(vm: GuestVm, process: number): void;
  log(level: LogLevel, message: string, fields: Record<string, unknown>): void;
}

/** A library says hello at once; a busy machine may take its time. */
const helloMilliseconds = 5000;
/** Who used up a budget waits so long at least: to begin again costs more than a connection or a bell. */
const leastRestMilliseconds = 50;
/** Connections that are accepted between two looks at what else there is to do. */
const mostAtOnce = 16;

/** Serves one VM’s channel. What comes over it is from that VM: the socket’s place is the proof. */
export class ChannelServer {
  private readonly server = createServer((socket) => this.greet(socket));
  private listening = -1;
  private accepted = 0;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly vm: GuestVm,
    private readonly ledger: LedgerFile,
    private readonly bells: Bells,
    private readonly events: ChannelEvents,
  ) {
    const { name } = vm.config;
    this.server.maxConnections = vm.connections.most;
    this.server.on('drop', () => {
      vm.connections.refused++;
      events.log('warn', 'connection refused: the VM has too many', { vm: name });
      this.charge();
    });
    // The others go on, and so does this one with its next connection.
    this.server.on('error', (error) =>
      events.log('error', `connection refused: ${error.message}`, { vm: name }),
    );
  }

  /** @throws Error when there can be no socket at its place */
  open(): void {
    const path = this.vm.config.channel;
    mkdirSync(dirname(path), { recursive: true });
    rmSync(path, { force: true });
    this.listening = listenOn(path);
    this.accept();
  }

  /** Who is connected stays so. */
  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    closeSync(this.listening);
    this.listening = -1;
    this.server.close();
  }

  private readonly accept = (): void => {
    this.accepted = 0;
    if (this.listening !== -1) this.server.listen({ fd: duplicate(this.listening) });
  };

  /** Who connects again and again waits in the socket’s own queue meanwhile, and when that is full, in `connect`. */
  private charge(): void {
    const rest = this.vm.budgets.rates.connects.use(1);
    if (!this.server.listening) return;
    if (rest > 0) {
      this.server.close();
      this.timer = setTimeout(this.accept, Math.max(rest, leastRestMilliseconds));
    } else if (++this.accepted >= mostAtOnce) {
      this.server.close();
      setImmediate(this.accept);
    }
  }

  private greet(socket: Socket): void {
    const { vm, events } = this;
    let waiting = Buffer.alloc(0);
    let hear: ((bytes: number) => void) | null = null;
    const giveUp = (): void => {
      if (hear !== null || socket.destroyed) return;
      events.log('warn', 'channel closed: no hello in time', { vm: vm.config.name });
      socket.destroy();
    };
    // Not at once: if this process was held up, the hello is there and is read first.
    const deadline = setTimeout(() => setImmediate(giveUp), helloMilliseconds);
    vm.connections.open++;
    socket.on('close', () => {
      vm.connections.open--;
      clearTimeout(deadline);
    });
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      if (hear !== null) return hear(chunk.length);
      waiting = Buffer.concat([waiting, chunk]);
      if (waiting.length < helloBytes) return;
      clearTimeout(deadline);
      const hello = parseHello(waiting);
      waiting = Buffer.alloc(0);
      hear = this.hearer(socket);
      if (hello === null) {
        events.log('warn', 'channel closed: no hello', { vm: vm.config.name });
        socket.destroy();
        return;
      }
      try {
        this.welcome(socket, hello, hear);
      } catch (error) {
        // The guest hung up, or leaves what it is sent in the socket: its own loss.
        if (error instanceof SystemCallError)
          events.log('info', `channel closed: ${error.message}`, { vm: vm.config.name });
        else events.log('error', 'vsockd failed in a hello', { vm: vm.config.name, stack: stackOf(error) });
        socket.destroy();
      }
      events.rung();
    });
    this.charge();
  }

  /** What is done with bytes on a connection: they ring, and mean nothing. Who rings without end is not heard for a while. */
  private hearer(socket: Socket): (bytes: number) => void {
    const fd = descriptorOf(socket);
    const hear = (bytes: number): void => {
      this.events.rung();
      const rest = this.vm.budgets.rates.bells.use(bytes);
      if (rest === 0 || socket.isPaused()) return;
      socket.pause();
      const wasBell = this.bells.remove(fd, hear);
      setTimeout(
        () => {
          if (socket.destroyed) return;
          socket.resume();
          if (wasBell) this.bells.add(fd, hear);
        },
        Math.max(rest, leastRestMilliseconds),
      );
    };
    return hear;
  }

  private welcome(socket: Socket, hello: Hello, hear: (bytes: number) => void): void {
    const { vm, events } = this;
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
    this.bells.add(fd, hear);
    socket.on('close', () => this.bells.remove(fd, hear));
    const process = { pid: socketPeer(fd).pid, program: hello.program };
    vm.processes[hello.process] = process;
    this.countProcesses();
    events.processBegan(vm, hello.process);
    socket.on('close', () => {
      if (vm.processes[hello.process] !== process) return; // the same process came again
      vm.processes[hello.process] = null;
      this.countProcesses();
      events.processEnded(vm, hello.process);
    });
  }

  private countProcesses(): void {
    const { vm, ledger } = this;
    ledger.words[ledger.vm(vm.ledgerIndex, vmField.processes)] = vm.processes.filter(
      (p) => p !== null,
    ).length;
  }
}
