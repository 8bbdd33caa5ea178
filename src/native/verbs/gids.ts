import ipaddr from 'ipaddr.js';
import { gidBytes, ibvGidEntry } from './layouts.js';
import { succeeded, type VerbsLibrary } from './library.js';
import { SystemCallError } from '../libc.js';
import { StructMemory } from './struct-memory.js';
import { gidTypeText } from './texts.js';

/** An address of a port, in its table of them. */
export interface Gid {
  port: number;
  index: number;
  /** As an IPv6 address; IPv4 is mapped into it. */
  address: string;
  type: string;
  /** Of the network interface that the address is from; 0 when there is none. */
  interfaceIndex: number;
}

/** The gids of all ports that are set. @param tableLength entries of all ports’ tables together */
export function queryGids(library: VerbsLibrary, context: number, tableLength: number): Gid[] {
  const memory = new StructMemory(Math.max(1, tableLength) * ibvGidEntry.bytes);
  const count = library.queryGidTable(context, memory.address, tableLength, 0, ibvGidEntry.bytes);
  if (count < 0) throw new SystemCallError('ibv_query_gid_table', -count);
  return Array.from({ length: count }, (_, entry) => {
    const bytes = memory.bytes.subarray(entry * ibvGidEntry.bytes, (entry + 1) * ibvGidEntry.bytes);
    return {
      port: bytes.readUInt32LE(ibvGidEntry.portNum),
      index: bytes.readUInt32LE(ibvGidEntry.gidIndex),
      address: ipaddr.fromByteArray([...bytes.subarray(0, gidBytes)]).toString(),
      type: gidTypeText(bytes.readUInt32LE(ibvGidEntry.gidType)),
      interfaceIndex: bytes.readUInt32LE(ibvGidEntry.ndevIfindex),
    };
  });
}

/** The 16 bytes of one gid. @throws SystemCallError ENODATA where the table has none at this index */
export function queryGidBytes(
  library: VerbsLibrary,
  context: number,
  port: number,
  index: number,
): Uint8Array {
  const memory = new StructMemory(ibvGidEntry.bytes);
  const errno = library.queryGid(context, port, index, memory.address, 0, ibvGidEntry.bytes);
  succeeded('ibv_query_gid_ex', errno);
  return Uint8Array.from(memory.bytes.subarray(0, gidBytes));
}
