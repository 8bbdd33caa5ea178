import { checked, libc } from './libc.js';

const fcntl = libc.func('int fcntl(int fd, int command, int argument)');

/** asm-generic/fcntl.h */
const F_GETFL = 3;
const F_SETFL = 4;
const F_SETOWN = 8;
const O_NONBLOCK = 0o4000;
const O_ASYNC = 0o20000;

const wakes = new Set<() => void>();
let listening = false;

function listen(): void {
  if (listening) return;
  // For good: without a handler the next SIGIO, perhaps under way already, would end the process.
  process.on('SIGIO', () => {
    for (const wake of wakes) wake();
  });
  listening = true;
}

/**
 * Has `wake` called from Node’s event loop when bytes arrive at a descriptor of a kind that Node cannot watch (those
 * of the RDMA devices). The kernel says so by SIGIO (fcntl(2), O_ASYNC). A read in libuv’s pool would hold one of its
 * threads for good, and process.exit() would wait for it. The signal tells neither which descriptor it was nor how
 * often, so `wake` reads, without blocking, until nothing is left, and may come in vain. Keeps no process alive.
 * Returns what ends it.
 */
export function watchReadable(fd: number, wake: () => void): () => void {
  listen();
  checked('fcntl F_SETOWN', fcntl(fd, F_SETOWN, process.pid) as number);
  const flags = checked('fcntl F_GETFL', fcntl(fd, F_GETFL, 0) as number);
  checked('fcntl F_SETFL', fcntl(fd, F_SETFL, flags | O_NONBLOCK | O_ASYNC) as number);
  wakes.add(wake);
  // What arrived before has sent no signal.
  setImmediate(() => {
    if (wakes.has(wake)) wake();
  });
  return () => {
    wakes.delete(wake);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  };
}
