import { formatAddress, parseAddress } from '../../ledger/address.js';
import type { Family } from '../../rules/families.js';
import { liveSet, type LiveKind, type Side } from '../../rules/nft/live-sets.js';
import { vmPrefix } from '../../rules/nft/names.js';

/** Something that is open, as the host knows it without asking the guest. */
export interface LiveEnd {
  vm: string;
  kind: LiveKind;
  /** in: a peer opened it. */
  side: Side;
  family: Family;
  remoteAddress: string;
  /** Of TCP and UDP; else 0. */
  localPort: number;
  remotePort: number;
  localAddress: string | null;
  /** Of `other`: the protocol’s number. Of `ping`: the identifier. */
  number: number;
}

/** The same for whoever opened it. */
export function connectionName({
  vm,
  localAddress,
  localPort,
  remoteAddress,
  remotePort,
}: Pick<LiveEnd, 'vm' | 'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort'>): string {
  return `${vm} ${localAddress} ${localPort} ${remoteAddress} ${remotePort}`;
}

const bytesOf: Record<Family, number> = { 4: 4, 6: 16 };
/** Parts of a key each begin at a register of 4 bytes. */
const registerBytes = 4;

/** Reads a key of one of the sets of live ends; null where its form is another one. */
export function liveEndOf(
  vm: string,
  kind: LiveKind,
  side: Side,
  family: Family,
  key: Buffer,
): LiveEnd | null {
  const addressBytes = bytesOf[family];
  const address = (at: number): string =>
    family === 4
      ? textOfIpv4(key.readUInt32BE(at))
      : textOfIpv6(key.toString('latin1', at, at + addressBytes));
  if (kind === 'tcp' || kind === 'udp') {
    const half = addressBytes + registerBytes;
    if (key.length !== 2 * half) return null;
    return {
      vm,
      kind,
      side,
      family,
      remoteAddress: address(half),
      localPort: key.readUInt16BE(addressBytes),
      remotePort: key.readUInt16BE(half + addressBytes),
      localAddress: address(0),
      number: 0,
    };
  }
  if (key.length !== addressBytes + registerBytes) return null;
  const isPing = kind === 'ping';
  return {
    vm,
    kind,
    side,
    family,
    remoteAddress: address(isPing ? 0 : registerBytes),
    localPort: 0,
    remotePort: 0,
    localAddress: null,
    number: isPing ? key.readUInt16BE(addressBytes) : key.readUInt8(0),
  };
}

/** So many results are kept: ends come in masses, and their addresses are few. */
const rememberedResults = 4096;

function remembered<Key, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const known = new Map<Key, Value>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    if (known.size === rememberedResults) known.clear();
    const made = make(key);
    known.set(key, made);
    return made;
  };
}

const textOfIpv4 = remembered((number: number) =>
  [number >>> 24, (number >>> 16) & 0xff, (number >>> 8) & 0xff, number & 0xff].join('.'),
);
const textOfIpv6 = remembered((bytes: string) => formatAddress(Buffer.from(bytes, 'latin1')));
/** Of IPv4, too, 16 bytes. */
const bytesOfAddress = remembered(parseAddress);

/** The set in which it is. */
export const setOf = ({ vm, kind, side, family }: LiveEnd): string =>
  liveSet(vmPrefix(vm), kind, side, family);

/** Its key in that set. */
export function keyOf(end: LiveEnd): Buffer {
  const { kind, family, localAddress, localPort, remoteAddress, remotePort, number } = end;
  const addressBytes = bytesOf[family];
  const isPair = kind === 'tcp' || kind === 'udp';
  const key = Buffer.alloc((isPair ? 2 : 1) * (addressBytes + registerBytes));
  // Within 16 bytes IPv4 is what the last four say.
  const address = (text: string, at: number): void =>
    key.set(bytesOfAddress(text).subarray(-addressBytes), at);
  if (isPair) {
    const half = addressBytes + registerBytes;
    address(localAddress ?? '', 0);
    key.writeUInt16BE(localPort, addressBytes);
    address(remoteAddress, half);
    key.writeUInt16BE(remotePort, half + addressBytes);
  } else if (kind === 'ping') {
    address(remoteAddress, 0);
    key.writeUInt16BE(number, addressBytes);
  } else {
    key.writeUInt8(number, 0);
    address(remoteAddress, registerBytes);
  }
  return key;
}

/** Its element there as nft reads it. */
export function elementOf(end: LiveEnd): string {
  const { kind, localAddress, localPort, remoteAddress, remotePort, number } = end;
  if (kind === 'ping') return `${remoteAddress} . ${number}`;
  if (kind === 'other') return `${number} . ${remoteAddress}`;
  return `${localAddress} . ${localPort} . ${remoteAddress} . ${remotePort}`;
}
