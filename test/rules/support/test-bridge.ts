import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { interfaceIndex } from '../../../src/native/interface-index.js';
import { inNetworkNamespace } from '../../../src/native/network-namespace.js';
import { RawSocket } from '../../../src/native/raw-socket.js';
import { sockaddrBytes } from './packet-socket.js';

let made = 0;

export interface BridgePort {
  name: string;
  mac: string;
}

/** A bridge in a network namespace of its own; the test holds the cable of each port. */
export class TestBridge {
  readonly namespace = `vsgt${process.pid}-${made++}`;
  readonly #sockets = new Map<string, RawSocket>();
  readonly #frame = Buffer.alloc(4096);

  constructor(ports: readonly BridgePort[]) {
    execFileSync('ip', ['netns', 'add', this.namespace]);
    try {
      this.run('sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1');
      this.run(
        'ip',
        'link',
        'add',
        'br0',
        'type',
        'bridge',
        'stp_state',
        '0',
        'forward_delay',
        '0',
        'mcast_snooping',
        '0',
      );
      this.run('ip', 'link', 'set', 'br0', 'up');
      for (const { name, mac } of ports) {
        this.run('ip', 'link', 'add', 'name', name, 'type', 'veth', 'peer', 'name', `${name}-cable`);
        this.run('ip', 'link', 'set', 'dev', name, 'master', 'br0', 'up');
        this.run('ip', 'link', 'set', `${name}-cable`, 'up');
        this.run('bridge', 'fdb', 'add', mac, 'dev', name, 'master', 'static');
        this.#sockets.set(name, this.#open(`${name}-cable`));
      }
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  run(command: string, ...words: string[]): string {
    return this.#inside(() => execFileSync(command, words, { encoding: 'utf8' }));
  }

  /** @throws Error with nft’s words */
  nft(lines: readonly string[]): void {
    const input = `${lines.join('\n')}\n`;
    this.#inside(() => execFileSync('nft', ['-f', '-'], { input, stdio: ['pipe', 'ignore', 'pipe'] }));
  }

  send(port: string, frame: Buffer): void {
    this.#sockets.get(port)!.send(frame);
  }

  /** Frames that came out of a port since the last call; not those that the test sent into it. */
  *received(port: string): Generator<Buffer> {
    const socket = this.#sockets.get(port)!;
    for (let length = socket.receive(this.#frame); length !== null; length = socket.receive(this.#frame))
      yield Buffer.from(this.#frame.subarray(0, length));
  }

  remove(): void {
    for (const socket of this.#sockets.values()) socket.close();
    execFileSync('ip', ['netns', 'delete', this.namespace]);
  }

  /** A program that is started meanwhile is there, too; `ip netns exec` takes several times as long. */
  #inside<Result>(act: () => Result): Result {
    return inNetworkNamespace(`/run/netns/${this.namespace}`, act);
  }

  #open(device: string): RawSocket {
    return this.#inside(() => {
      const socket = new RawSocket(17, 0);
      socket.setReceiveBuffer(4 * 1024 * 1024);
      socket.bind(sockaddrBytes(interfaceIndex(device)));
      return socket;
    });
  }
}

/** Waits until it is so, or for ten seconds. @returns whether it is */
export async function eventually(condition: () => boolean): Promise<boolean> {
  const end = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > end) return false;
    await sleep(1);
  }
  return true;
}
