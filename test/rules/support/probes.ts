import fc from 'fast-check';
import type { Attempt } from '../../../src/rules/evaluate.js';
import { familyOf } from '../../../src/rules/rule-set.js';
import { drawnPorts, farAddresses, otherProtocols, ownAddresses } from './drawn-rules.js';
import { icmpMessage, ipFrame, tcpSegment, udpDatagram, type Way } from './raw-frames.js';

export type Place = 'a' | 'b' | 'up';
export const macs: Record<Place, string> = {
  a: '02:00:00:00:00:0a',
  b: '02:00:00:00:00:0b',
  up: '02:00:00:00:00:0c',
};

/** What a test sends: something that opens a connection. */
export interface Probe {
  from: Place;
  to: Place;
  source: string;
  destination: string;
  kind: 'tcp' | 'udp' | 'icmp' | 'other';
  protocol: number;
  port: number;
  type: number;
  code: number;
  fragmented: boolean;
}

const kinds = fc.oneof(
  { weight: 4, arbitrary: fc.constant('tcp' as const) },
  { weight: 3, arbitrary: fc.constant('udp' as const) },
  { weight: 2, arbitrary: fc.constant('icmp' as const) },
  { weight: 1, arbitrary: fc.constant('other' as const) },
);

const ways: [Place, Place][] = [
  ['a', 'b'],
  ['b', 'a'],
  ['up', 'a'],
  ['up', 'b'],
  ['a', 'up'],
  ['b', 'up'],
];

export const drawnProbe: fc.Arbitrary<Probe> = fc
  .record({
    way: fc.constantFrom(...ways),
    family: fc.constantFrom(4, 6),
    far: fc.nat({ max: 2 }),
    kind: kinds,
    other: fc.constantFrom(...otherProtocols),
    port: fc.constantFrom(...drawnPorts),
    type: fc.constantFrom(0, 3, 8, 8, 11, 13, 200),
    type6: fc.constantFrom(1, 2, 128, 128, 129, 130, 135, 200),
    code: fc.constantFrom(0, 0, 1),
    fragmented: fc.constantFrom(true, false, false),
  })
  .map(({ way: [from, to], family, far, kind, other, port, type, type6, code, fragmented }) => {
    const addressOf = (place: Place): string =>
      place === 'up'
        ? farAddresses.filter((address) => familyOf(address) === family)[far]!
        : ownAddresses[place].find((address) => familyOf(address) === family)!;
    const icmp = family === 4 ? 1 : 58;
    return {
      from,
      to,
      source: addressOf(from),
      destination: addressOf(to),
      kind,
      protocol: { tcp: 6, udp: 17, icmp, other }[kind],
      port,
      type: family === 4 ? type : type6,
      code,
      fragmented,
    };
  });

/** How the evaluator is asked about it, by the VM at this end. */
export function attemptOf(probe: Probe, end: 'from' | 'to'): Attempt {
  const remoteAddress = end === 'from' ? probe.destination : probe.source;
  const { kind, protocol, port, type, code } = probe;
  if (kind === 'icmp') return { remoteAddress, protocol, type, code };
  return kind === 'other' ? { remoteAddress, protocol } : { remoteAddress, protocol, port };
}

const mark = 'vsocket probe ';
const part = (number: number, index: number): Buffer => Buffer.from(`${mark}${number} ${index} `.padEnd(32));

/** The probe’s frames; a number that no other has tells them apart, and is in what makes a connection one. */
export function framesOf(probe: Probe, number: number): Buffer[] {
  const way: Way = { ...probe, sourceMac: macs[probe.from], destinationMac: macs[probe.to] };
  const { kind, protocol, port, type, code } = probe;
  const own = 1024 + (number % 60_000);
  const data = part(number, 0);
  const packet =
    kind === 'tcp'
      ? tcpSegment(own, port, 0x02, data)
      : kind === 'udp'
        ? udpDatagram(own, port, data)
        : kind === 'icmp'
          ? icmpMessage(type, code, own, data)
          : data;
  if (!probe.fragmented) return [ipFrame(way, protocol, packet)];
  const first = Buffer.concat([packet, Buffer.alloc((8 - (packet.length % 8)) % 8)]);
  const place = { identification: number, offsetBytes: 0, isLast: false };
  return [
    ipFrame(way, protocol, first, place),
    ipFrame(way, protocol, part(number, 1), { ...place, offsetBytes: first.length, isLast: true }),
  ];
}

/** Which part of which probe a frame is: `12 0`; null: none. */
export function probeIn(frame: Buffer): string | null {
  const at = frame.indexOf(mark);
  if (at < 0) return null;
  return frame.toString('latin1', at + mark.length, at + 32).trim();
}
