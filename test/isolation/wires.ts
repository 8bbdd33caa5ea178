import { setTimeout as sleep } from 'node:timers/promises';
import { interfaceIndex } from '../../src/native/interface-index.js';
import { inNetworkNamespace } from '../../src/native/network-namespace.js';
import { RawSocket } from '../../src/native/raw-socket.js';
import { vmInterface } from '../../src/lab/topology.js';
import { ethernet } from '../rules/support/raw-frames.js';
import { sockaddrBytes } from '../rules/support/packet-socket.js';

/** linux/if_ether.h: RARP, by which a VM may announce itself; it passes every rule. */
const announcement = 0x8035;
const limitMilliseconds = 10_000;

export interface WiredVm {
  name: string;
  tenant: string;
  mac: string;
  networkNamespace: string;
}

/** The VMs’ own network cards: sends what no kernel would send, and sees all that comes. */
export class Wires {
  readonly #sockets = new Map<string, RawSocket>();
  readonly #frame = Buffer.alloc(4096);
  #sent = 0;

  constructor(private readonly vms: readonly WiredVm[]) {
    for (const { name, networkNamespace } of vms)
      this.#sockets.set(
        name,
        inNetworkNamespace(networkNamespace, () => {
          const socket = new RawSocket(17, 0);
          socket.setReceiveBuffer(1024 * 1024);
          socket.bind(sockaddrBytes(interfaceIndex(vmInterface)));
          return socket;
        }),
      );
  }

  /** What a frame carries so that it is known again. */
  nextMark(): Buffer {
    return Buffer.from(`isolation ${++this.#sent} `.padEnd(32));
  }

  /**
   * Sends frames that carry a mark.
   * @param expected who shall have it
   * @returns the names of the VMs to which it came
   */
  async send(
    from: string,
    frames: readonly Buffer[],
    mark: Buffer,
    expected: readonly string[],
  ): Promise<Set<string>> {
    for (const frame of frames) this.#sockets.get(from)!.send(frame);
    // Every VM announces itself: when that is there, all that was before has come, or never will.
    const end = this.nextMark();
    for (const vm of this.vms) {
      const way = { sourceMac: vm.mac, destinationMac: 'ff:ff:ff:ff:ff:ff', source: '', destination: '' };
      const sender = Buffer.concat([end, Buffer.from(vm.name.padEnd(16))]);
      this.#sockets.get(vm.name)!.send(ethernet(way, announcement, sender));
    }
    const arrived = new Set<string>();
    const ends = new Set<string>();
    const wanted = this.vms.reduce(
      (sum, vm) =>
        sum + this.vms.filter(({ tenant, name }) => tenant === vm.tenant && name !== vm.name).length,
      0,
    );
    const until = performance.now() + limitMilliseconds;
    for (;;) {
      this.#take((vm, frame) => {
        if (frame.includes(mark)) arrived.add(vm);
        const at = frame.indexOf(end);
        if (at >= 0) ends.add(`${vm} of ${frame.toString('latin1', at + end.length, at + end.length + 16)}`);
      });
      const isDone = ends.size >= wanted && expected.every((vm) => arrived.has(vm));
      if (isDone || performance.now() > until) break;
      await sleep(1);
    }
    if (ends.size < wanted) throw new Error('the VMs’ announcements did not come to their own tenants');
    return arrived;
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket.close();
  }

  #take(use: (vm: string, frame: Buffer) => void): void {
    for (const [vm, socket] of this.#sockets)
      for (let length = socket.receive(this.#frame); length !== null; length = socket.receive(this.#frame))
        use(vm, this.#frame.subarray(0, length));
  }
}
