import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { python } from '../../support/python.js';
import { spokenLines } from '../../support/spoken-lines.js';
import type { TestVm } from './test-network.js';

/** A Python program in a VM that is told what to do line by line, and answers each line with one. */
const source = `
import errno, select, socket, sys, threading
sockets = {}
counts = {}
endings = {}
def err(e): return errno.errorcode.get(e.errno, str(e))
# The kernel tells an error once, to whichever thread asks first; the others see the end of the stream.
def note(name, how): endings.setdefault(name, []).append(how)
def pump(name):
    s = sockets[name]
    try:
        while True:
            counts[name] = counts.get(name, 0) + s.send(b'x' * 65536)
    except OSError as e: note(name, err(e))
def drain(name):
    s = sockets[name]
    try:
        while True:
            d = s.recv(65536)
            if not d: note(name, 'EOF'); return
            counts[name] = counts.get(name, 0) + len(d)
    except OSError as e: note(name, err(e))
def run(words):
    verb, name, *rest = words
    if verb == 'listen':
        s = socket.create_server((rest[0], 0), family=socket.AF_INET6 if ':' in rest[0] else socket.AF_INET)
        sockets[name] = s; return s.getsockname()[1]
    if verb == 'connect': sockets[name] = socket.create_connection((rest[0], int(rest[1])), 5); sockets[name].settimeout(None); return sockets[name].getsockname()[1]
    if verb == 'accept': sockets[name] = sockets[rest[0]].accept()[0]; return 'ok'
    if verb == 'send': sockets[name].sendall(b'x' * int(rest[0])); return 'ok'
    if verb == 'read':
        left = int(rest[0])
        while left > 0: left -= len(sockets[name].recv(left))
        return 'ok'
    if verb == 'shutdown': sockets[name].shutdown(socket.SHUT_WR); return 'ok'
    if verb == 'eof': return len(sockets[name].recv(1))
    if verb == 'close': sockets.pop(name).close(); return 'ok'
    if verb == 'pump': threading.Thread(target=pump, args=[name], daemon=True).start(); return 'ok'
    if verb == 'drain': threading.Thread(target=drain, args=[name], daemon=True).start(); return 'ok'
    if verb == 'count': return counts.get(name, 0)
    if verb == 'endings':
        import time
        for _ in range(int(rest[0])):
            if len(endings.get(name, [])) == 2: break
            time.sleep(0.001)
        return '+'.join(sorted(endings.pop(name, [])))
    if verb == 'error':
        s = sockets[name]
        p = select.poll(); p.register(s, select.POLLERR | select.POLLHUP)
        if not p.poll(int(rest[0])): return 'none'
        try: s.recv(1); s.send(b'x'); return 'none'
        except OSError as e: return err(e)
    if verb == 'many':
        for i in range(int(rest[2])): sockets[name + str(i)] = socket.create_connection((rest[0], int(rest[1])))
        return 'ok'
    if verb == 'accept-many':
        for i in range(int(rest[1])): sockets[name + str(i)] = sockets[rest[0]].accept()[0]
        return 'ok'
for line in sys.stdin:
    try: print(run(line.split()), flush=True)
    except OSError as e: print(err(e), flush=True)
`;

/** Drives a plain program (no libvsocket) in a VM. */
export class GuestProgram {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answer: () => Promise<string | undefined>;

  constructor(vm: TestVm) {
    this.#child = spawn('ip', ['netns', 'exec', vm.namespace, python, '-c', source], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#answer = spokenLines(this.#child);
  }

  async tell(line: string): Promise<string> {
    this.#child.stdin.write(`${line}\n`);
    const answer = await this.#answer();
    if (answer === undefined) throw new Error(`the guest program ended at: ${line}`);
    return answer;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.stdin.end();
    await closed;
  }
}
