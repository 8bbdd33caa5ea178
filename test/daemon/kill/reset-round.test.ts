import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConnectionEnd } from '../../../src/daemon/kill/connection-end.js';
import { resetRound } from '../../../src/daemon/kill/reset-round.js';
import { parseTcpFrame, tcpFlag, type CapturedFrame } from '../../../src/daemon/kill/tcp-frame.js';

const mac = Buffer.from('02aabbccddee', 'hex');
const here = { address: Buffer.from([10, 0, 0, 1]), port: 5000 };
const peer = { address: Buffer.from([10, 0, 0, 2]), port: 80 };
const end: ConnectionEnd = { device: 'vm', mac, peerMac: mac, here, peer };

/** A kernel with one connection, which expects a byte; what is on its way to it moves that on after the first reset. */
class Kernel {
  expects = 1000;
  isOpen = true;
  resets: number[] = [];
  readonly #answers: CapturedFrame[] = [];

  constructor(private readonly late: number) {}

  take(): CapturedFrame[] {
    return this.#answers.splice(0);
  }

  send(bytes: Buffer): void {
    const frame = parseTcpFrame(bytes)!;
    if (frame.flags & tcpFlag.rst) {
      const sequence = bytes.readUInt32BE(14 + 20 + 4);
      this.resets.push(sequence);
      if (sequence === this.expects) this.isOpen = false;
    } else {
      const flags = this.isOpen ? tcpFlag.ack : tcpFlag.rst;
      this.#answers.push({ ...frame, source: here, destination: peer, flags, acknowledgement: this.expects });
      this.expects += this.isOpen && this.resets.length === 0 ? this.late : 0;
    }
  }
}

for (const late of [0, 5000])
  test(`an end is reset also where ${late} bytes were on their way to it`, async () => {
    const kernel = new Kernel(late);
    await resetRound([{ key: 'one', ends: [end] }], new Map([['vm', kernel]]));
    assert.equal(kernel.isOpen, false);
    assert.deepEqual(kernel.resets, late === 0 ? [1000] : [1000, 1000 + late]);
  });
