import { direction, guestState, processCount, slot, slotOffset } from '../channel/region-layout.js';
import { formatAddress } from '../ledger/address.js';
import type { GuestVm } from './guest-vm.js';

/** What a guest says in a slot, read once. Nothing of it is believed yet. */
export interface Claim {
  generation: number;
  cookie: bigint;
  direction: 'in' | 'out';
  process: number;
  localAddress: string;
  localPort: number;
  remoteAddress: string;
  remotePort: number;
  localBytes: Uint8Array;
  remoteBytes: Uint8Array;
}

/** Reads a claim from a slot; null when there is none, or none that makes sense. */
export function readClaim(vm: GuestVm, index: number): Claim | null {
  const at = slotOffset(index) >> 2;
  const word = (field: number): number => (vm.words[at + (field >> 2)] ?? 0) >>> 0;
  if (Atomics.load(vm.words, at + (slot.guestState >> 2)) !== guestState.claimed) return null;
  const localPort = word(slot.localPort);
  const remotePort = word(slot.remotePort);
  const process = word(slot.process);
  if (
    localPort === 0 ||
    localPort > 65535 ||
    remotePort === 0 ||
    remotePort > 65535 ||
    process >= processCount
  )
    return null;
  const copyOf = (field: number): Uint8Array => vm.bytes.slice(at * 4 + field, at * 4 + field + 16);
  const localBytes = copyOf(slot.localAddress);
  const remoteBytes = copyOf(slot.remoteAddress);
  return {
    generation: word(slot.generation),
    cookie: (BigInt(word(slot.cookieHigh)) << 32n) | BigInt(word(slot.cookieLow)),
    direction: word(slot.direction) === direction.in ? 'in' : 'out',
    process,
    localAddress: formatAddress(localBytes),
    localPort,
    remoteAddress: formatAddress(remoteBytes),
    remotePort,
    localBytes,
    remoteBytes,
  };
}

export function flowKey(
  vni: number,
  fromAddress: string,
  fromPort: number,
  toAddress: string,
  toPort: number,
): string {
  return `${vni} ${fromAddress} ${fromPort} ${toAddress} ${toPort}`;
}
