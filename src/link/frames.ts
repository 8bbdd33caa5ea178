/**
 * Frames on a link’s TLS stream: u32 length of the rest, u8 kind, then, little-endian,
 * control: JSON; data: u32 handle, f64 position, bytes; credit: u32 handle, f64 received, f64 tail; ping, pong: nothing.
 */
export const frameKind = { control: 1, data: 2, credit: 3, ping: 4, pong: 5 } as const;

const headerBytes = 5;
const dataHeaderBytes = 12;
const creditBytes = 20;
/** One end’s state, or ring bytes, never take more. */
const longestFrame = 256 * 1024;
/** Ring bytes go in pieces, so that the next control frame has not to wait for a whole ring. */
export const longestDataBytes = 64 * 1024;

export type Frame =
  | { kind: 'control'; text: string }
  | { kind: 'data'; handle: number; position: number; bytes: Buffer }
  | { kind: 'credit'; handle: number; received: number; tail: number }
  | { kind: 'ping' }
  | { kind: 'pong' };

/** The other host’s vsockd broke the protocol; the session ends. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

function frame(kind: number, payloadBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(headerBytes + payloadBytes);
  bytes.writeUInt32LE(1 + payloadBytes, 0);
  bytes.writeUInt8(kind, 4);
  return bytes;
}

export function controlFrame(message: object): Buffer {
  const text = Buffer.from(JSON.stringify(message));
  const bytes = frame(frameKind.control, text.length);
  text.copy(bytes, headerBytes);
  return bytes;
}

/** The head of a data frame; `count` bytes follow it on the stream. */
export function dataHeader(handle: number, position: number, count: number): Buffer {
  const bytes = frame(frameKind.data, dataHeaderBytes);
  bytes.writeUInt32LE(1 + dataHeaderBytes + count, 0);
  bytes.writeUInt32LE(handle, headerBytes);
  bytes.writeDoubleLE(position, headerBytes + 4);
  return bytes;
}

export function creditFrame(handle: number, received: number, tail: number): Buffer {
  const bytes = frame(frameKind.credit, creditBytes);
  bytes.writeUInt32LE(handle, headerBytes);
  bytes.writeDoubleLE(received, headerBytes + 4);
  bytes.writeDoubleLE(tail, headerBytes + 12);
  return bytes;
}

export function emptyFrame(kind: 'ping' | 'pong'): Buffer {
  return frame(frameKind[kind], 0);
}

/** Cuts a stream into frames. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #length = 0;
  /** Before so many bytes are here, there is nothing to look at. */
  #wanted = headerBytes;

  /** @throws ProtocolError */
  *push(chunk: Buffer): Generator<Frame> {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    for (;;) {
      if (this.#length < this.#wanted) return;
      let bytes = this.#joined();
      const length = bytes.readUInt32LE(0);
      if (length < 1 || length > longestFrame) throw new ProtocolError(`a frame of ${length} bytes`);
      this.#wanted = 4 + length;
      if (bytes.length < this.#wanted) continue;
      yield parseFrame(bytes.readUInt8(4), bytes.subarray(headerBytes, 4 + length));
      bytes = bytes.subarray(4 + length);
      this.#chunks = [bytes];
      this.#length = bytes.length;
      this.#wanted = headerBytes;
    }
  }

  #joined(): Buffer {
    const [only] = this.#chunks;
    if (only !== undefined && this.#chunks.length === 1) return only;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }
}

function parseFrame(kind: number, payload: Buffer): Frame {
  switch (kind) {
    case frameKind.control:
      return { kind: 'control', text: payload.toString('utf8') };
    case frameKind.data:
      if (payload.length <= dataHeaderBytes) throw new ProtocolError('a data frame without data');
      return {
        kind: 'data',
        handle: payload.readUInt32LE(0),
        position: checkCount(payload.readDoubleLE(4)),
        bytes: payload.subarray(dataHeaderBytes),
      };
    case frameKind.credit:
      if (payload.length !== creditBytes) throw new ProtocolError('a credit frame of the wrong length');
      return {
        kind: 'credit',
        handle: payload.readUInt32LE(0),
        received: checkCount(payload.readDoubleLE(4)),
        tail: checkCount(payload.readDoubleLE(12)),
      };
    case frameKind.ping:
      return { kind: 'ping' };
    case frameKind.pong:
      return { kind: 'pong' };
    default:
      throw new ProtocolError(`a frame of the unknown kind ${kind}`);
  }
}

function checkCount(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new ProtocolError('a count that is no count');
  return value;
}
