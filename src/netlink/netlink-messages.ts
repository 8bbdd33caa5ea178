import { netlinkHeader } from './netlink-header.js';

export interface NetlinkMessage {
  type: number;
  sequence: number;
  payload: Buffer;
}

/** The messages of one datagram; ends at the first whose length is not within it. */
export function* netlinkMessages(datagram: Buffer): Generator<NetlinkMessage> {
  for (let at = 0; at + netlinkHeader.bytes <= datagram.length;) {
    const length = datagram.readUInt32LE(at + netlinkHeader.length);
    if (length < netlinkHeader.bytes || at + length > datagram.length) return;
    yield {
      type: datagram.readUInt16LE(at + netlinkHeader.type),
      sequence: datagram.readUInt32LE(at + netlinkHeader.sequence),
      payload: datagram.subarray(at + netlinkHeader.bytes, at + length),
    };
    at += (length + 3) & ~3;
  }
}
