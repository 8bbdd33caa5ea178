import { direction, guestState, slot, slotOffset } from '../../src/channel/region-layout.js';
import { parseAddress } from '../../src/ledger/address.js';

export interface WrittenClaim {
  cookie: bigint;
  localPort: number;
  remoteAddress: string;
  remotePort: number;
}

/** What a library writes into its VM’s memory that claims a connection; a hostile one may write anything. */
export function writeClaim(
  words: Int32Array,
  index: number,
  { cookie, localAddress, localPort, remoteAddress, remotePort }: WrittenClaim & { localAddress: string },
): void {
  const at = slotOffset(index);
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  const word = (field: number, value: number): void => {
    words[(at + field) >> 2] = value;
  };
  word(slot.generation, 1);
  word(slot.cookieLow, Number(cookie & 0xffff_ffffn));
  word(slot.cookieHigh, Number(cookie >> 32n));
  word(slot.direction, direction.out);
  word(slot.localPort, localPort);
  word(slot.remotePort, remotePort);
  bytes.set(parseAddress(localAddress), at + slot.localAddress);
  bytes.set(parseAddress(remoteAddress), at + slot.remoteAddress);
  word(slot.guestState, guestState.claimed);
}
