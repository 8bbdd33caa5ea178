import { closeSync, openSync } from 'node:fs';
import { checked, libc } from './libc.js';

const setns = libc.func('int setns(int fd, int type)');

/** linux/sched.h */
const CLONE_NEWNET = 0x40000000;

/**
 * Runs `act` with this thread in another network namespace and comes back, also on an error. What `act` opens
 * (sockets) stays in that namespace. `act` must not wait: other work of this thread would run in there.
 * @throws SystemCallError; an Error with `code` when the file cannot be opened
 */
export function inNetworkNamespace<T>(path: string, act: () => T): T {
  const home = openSync('/proc/thread-self/ns/net', 'r');
  try {
    const there = openSync(path, 'r');
    try {
      checked(`setns ${path}`, setns(there, CLONE_NEWNET) as number);
      try {
        return act();
      } finally {
        checked('setns back', setns(home, CLONE_NEWNET) as number);
      }
    } finally {
      closeSync(there);
    }
  } finally {
    closeSync(home);
  }
}
