import { formatAddress } from '../../ledger/address.js';
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
  const address = (at: number): string => textOf(key.subarray(at, at + addressBytes));
  const base = { vm, kind, side, family, localPort: 0, remotePort: 0, localAddress: null, number: 0 };
  if (kind === 'tcp' || kind === 'udp') {
    const half = addressBytes + registerBytes;
    if (key.length !== 2 * half) return null;
    return {
      ...base,
      localAddress: address(0),
      localPort: key.readUInt16BE(addressBytes),
      remoteAddress: address(half),
      remotePort: key.readUInt16BE(half + addressBytes),
    };
  }
  if (key.length !== addressBytes + registerBytes) return null;
  return kind === 'ping'
    ? { ...base, remoteAddress: address(0), number: key.readUInt16BE(addressBytes) }
    : { ...base, remoteAddress: address(registerBytes), number: key.readUInt8(0) };
}

function textOf(bytes: Buffer): string {
  return bytes.length === 4 ? bytes.join('.') : formatAddress(bytes);
}

/** The set in which it is, and its element as nft reads it. */
export function elementOf(end: LiveEnd): { set: string; element: string } {
  const { kind, side, family, localAddress, localPort, remoteAddress, remotePort, number } = end;
  const set = liveSet(vmPrefix(end.vm), kind, side, family);
  if (kind === 'ping') return { set, element: `${remoteAddress} . ${number}` };
  if (kind === 'other') return { set, element: `${number} . ${remoteAddress}` };
  return { set, element: `${localAddress} . ${localPort} . ${remoteAddress} . ${remotePort}` };
}
