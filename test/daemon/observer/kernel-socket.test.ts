import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { parseKernelSocket } from '../../../src/daemon/observer/kernel-socket.js';
import { netlinkMessages } from '../../../src/netlink/netlink-messages.js';

it('takes any bytes without reading past them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      for (const { payload } of netlinkMessages(Buffer.from(bytes))) parseKernelSocket(payload);
    }),
    { numRuns: 5000 },
  );
});

it('takes a message whose attributes lie about their length', () => {
  fc.assert(
    fc.property(fc.nat(0xffff), fc.uint8Array({ maxLength: 300 }), (length, rest) => {
      const message = Buffer.concat([Buffer.alloc(72), Buffer.alloc(4), rest]);
      message[0] = 2;
      message.writeUInt16LE(length, 72);
      message.writeUInt16LE(2, 74);
      const socket = parseKernelSocket(message);
      assert.equal(socket?.counters !== null, length >= 4 + 216 && length <= 4 + rest.length);
    }),
    { numRuns: 2000 },
  );
});
