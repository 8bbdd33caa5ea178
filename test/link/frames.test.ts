import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  controlFrame,
  creditFrame,
  dataHeader,
  emptyFrame,
  FrameReader,
  ProtocolError,
  type Frame,
} from '../../src/link/frames.js';

const handle = fc.integer({ min: 0, max: 0x7fff });
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const frame: fc.Arbitrary<[Frame, Buffer]> = fc.oneof(
  fc
    .string()
    .map((text): [Frame, Buffer] => [
      { kind: 'control', text: JSON.stringify({ text }) },
      controlFrame({ text }),
    ]),
  fc
    .tuple(handle, count, fc.uint8Array({ minLength: 1, maxLength: 5000 }))
    .map(([to, position, data]): [Frame, Buffer] => {
      const bytes = Buffer.from(data);
      return [
        { kind: 'data', handle: to, position, bytes },
        Buffer.concat([dataHeader(to, position, bytes.length), bytes]),
      ];
    }),
  fc
    .tuple(handle, count, count)
    .map(([to, received, tail]): [Frame, Buffer] => [
      { kind: 'credit', handle: to, received, tail },
      creditFrame(to, received, tail),
    ]),
  fc
    .constantFrom('ping' as const, 'pong' as const)
    .map((kind): [Frame, Buffer] => [{ kind }, emptyFrame(kind)]),
);

test('frames come out as they went in, however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 20 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 3000 })),
      (frames, cuts) => {
        const stream = Buffer.concat(frames.map(([, bytes]) => bytes));
        const reader = new FrameReader();
        const read: Frame[] = [];
        for (let at = 0; at < stream.length;) {
          const length = cuts.next().value as number;
          for (const one of reader.push(Buffer.from(stream.subarray(at, at + length)))) read.push(one);
          at += length;
        }
        assert.deepEqual(
          read,
          frames.map(([one]) => one),
        );
      },
    ),
  );
});

test('what is no frame ends in a protocol error, never in another', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 5, maxLength: 400 }), (bytes) => {
      try {
        for (const one of new FrameReader().push(Buffer.from(bytes))) assert.ok(one.kind);
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
    }),
  );
});
