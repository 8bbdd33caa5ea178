import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { internetChecksum } from '../../../src/daemon/kill/internet-checksum.js';
import { buildTcpFrame, parseTcpFrame, tcpFlag } from '../../../src/daemon/kill/tcp-frame.js';

const address = fc
  .oneof(fc.constant(4), fc.constant(16))
  .chain((length) =>
    fc.tuple(
      fc.uint8Array({ minLength: length, maxLength: length }),
      fc.uint8Array({ minLength: length, maxLength: length }),
    ),
  );
const mac = Buffer.from('020000000001', 'hex');

it('reads back what it builds', () => {
  fc.assert(
    fc.property(
      address,
      fc.nat(0xffff),
      fc.nat(0xffff),
      fc.nat(0xffffffff),
      ([from, to], source, destination, ack) => {
        const frame = buildTcpFrame(
          { address: Buffer.from(from), port: source, mac },
          { address: Buffer.from(to), port: destination, mac },
          { sequence: 1, acknowledgement: ack, flags: tcpFlag.ack, payload: Buffer.from('x') },
        );
        assert.deepEqual(parseTcpFrame(frame), {
          destinationMac: mac,
          source: { address: Buffer.from(from), port: source },
          destination: { address: Buffer.from(to), port: destination },
          acknowledgement: ack,
          flags: tcpFlag.ack,
        });
      },
    ),
  );
});

it('takes any frame of a guest, cut anywhere', () => {
  const known = fc.constantFrom('0800', '86dd', '1234').map((type) => Buffer.from(type, 'hex'));
  fc.assert(
    fc.property(known, fc.uint8Array({ maxLength: 160 }), (type, rest) => {
      parseTcpFrame(Buffer.concat([mac, mac, type, rest]));
    }),
    { numRuns: 5000 },
  );
  for (let length = 0; length < 54; length++) assert.equal(parseTcpFrame(Buffer.alloc(length, 0x45)), null);
});

it('sums as RFC 1071 says, odd lengths too', () => {
  assert.equal(internetChecksum(Buffer.from('0001f203f4f5f6f7', 'hex')), 0xffff - 0xddf2);
  assert.equal(internetChecksum(Buffer.from('01', 'hex')), 0xffff - 0x0100);
});
