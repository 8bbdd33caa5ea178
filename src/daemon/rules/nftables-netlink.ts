import { findAttribute, placesIn } from '../../netlink/attributes.js';
import { attributeHeader } from '../../netlink/netlink-header.js';
import { NetlinkClient } from '../../netlink/netlink-client.js';
import { SystemCallError } from '../../native/libc.js';

/** linux/netlink.h, linux/netfilter/nfnetlink.h, nf_tables.h, and linux/netfilter.h. A test compares them. */
export const nftables = {
  protocol: 12,
  subsystem: 10,
  family: 7,
  getTables: 1,
  getChains: 4,
  getRules: 7,
  getSets: 10,
  newElements: 12,
  getElements: 13,
  deleteElements: 14,
  batchBegin: 16,
  batchEnd: 17,
  getGeneration: 16,
  getObjects: 19,
  generationId: 1,
  tableName: 1,
  tableFlags: 2,
  chainName: 3,
  chainHook: 4,
  chainPolicy: 5,
  chainType: 7,
  ruleChain: 2,
  ruleExpressions: 4,
  setName: 2,
  setFlags: 3,
  setKeyType: 4,
  setDataType: 6,
  setTimeout: 11,
  objectName: 2,
  objectType: 3,
  listTable: 1,
  listSet: 2,
  listElements: 3,
  listElement: 1,
  elementKey: 1,
  elementExpiration: 5,
  dataValue: 1,
} as const;

/** Elements that are added, deleted and added need 3 times 52 bytes each. */
const longestTransactionBytes = 4 * 1024 * 1024;

/** struct nfgenmsg: family, version, resource. */
const headerBytes = 4;

/** Elements that come into a set of a bridge’s table, or go out of it. */
export interface ElementChange {
  verb: 'add' | 'delete';
  set: string;
  keys: readonly Buffer[];
}

/** What a table is, but for what the kernel counts and remembers. Each kind names its table first. */
const described: readonly (readonly [question: number, attributes: readonly number[]])[] = [
  [nftables.getTables, [nftables.tableName, nftables.tableFlags]],
  [nftables.getChains, [nftables.chainName, nftables.chainHook, nftables.chainPolicy, nftables.chainType]],
  [nftables.getRules, [nftables.ruleChain, nftables.ruleExpressions]],
  [
    nftables.getSets,
    [nftables.setName, nftables.setFlags, nftables.setKeyType, nftables.setDataType, nftables.setTimeout],
  ],
  [nftables.getObjects, [nftables.objectName, nftables.objectType]],
];

/** Questions about nftables for which a program would be too slow. */
export class NftablesNetlink {
  readonly #client = new NetlinkClient('nftables', nftables.protocol);

  /**
   * Calls `take` with each element of a set of a bridge’s table: its key, and between which places of an answer all stands
   * that the kernel says of it.
   * @throws SystemCallError where there is none
   */
  async eachElement(
    table: string,
    set: string,
    take: (key: Buffer, answer: Buffer, at: number, end: number) => void,
  ): Promise<void> {
    const payload = Buffer.concat([
      header(nftables.family),
      textAttribute(nftables.listTable, table),
      textAttribute(nftables.listSet, set),
    ]);
    await this.#client.dump(typeOf(nftables.getElements), payload, (answer) => {
      const elements = findAttribute(answer, headerBytes, nftables.listElements);
      if (elements === null) return;
      for (const { type, at, end } of placesIn(answer, elements.at, elements.at + elements.length)) {
        if (type !== nftables.listElement) continue;
        const key = findAttribute(answer, at, nftables.elementKey, end);
        const data =
          key === null ? null : findAttribute(answer, key.at, nftables.dataValue, key.at + key.length);
        if (data !== null) take(answer.subarray(data.at, data.at + data.length), answer, at, end);
      }
    });
  }

  /**
   * Calls `take` with all that makes up a bridge’s table, in the kernel’s order: as it came, with its kind and length.
   * @returns whether there is one
   */
  async describe(table: string, take: (part: Buffer) => void): Promise<boolean> {
    const name = textAttribute(nftables.tableName, table);
    const question = Buffer.concat([header(nftables.family), name]);
    let isThere = false;
    for (const [type, attributes] of described)
      await this.#client.dump(typeOf(type), question, (answer) => {
        const named = findAttribute(answer, headerBytes, nftables.tableName);
        if (named === null || answer.toString('utf8', named.at, named.at + named.length - 1) !== table)
          return;
        isThere = true;
        for (const attribute of attributes) {
          const found = findAttribute(answer, headerBytes, attribute);
          if (found !== null)
            take(answer.subarray(found.at - attributeHeader.bytes, found.at + found.length));
        }
      });
    return isThere;
  }

  /** @returns whether a transaction may be of some MiB from now on; else it is of 200 KiB at most */
  makeRoom(): boolean {
    return this.#client.makeRoomFor(longestTransactionBytes);
  }

  /**
   * One transaction.
   * @throws SystemCallError; then nothing has happened
   */
  change(table: string, changes: readonly ElementChange[]): void {
    const messages = changes.map(({ verb, set, keys }) => ({
      type: typeOf(verb === 'add' ? nftables.newElements : nftables.deleteElements),
      payload: Buffer.concat([
        header(nftables.family),
        textAttribute(nftables.listTable, table),
        textAttribute(nftables.listSet, set),
        elementList(keys),
      ]),
    }));
    // The subsystem, in network order, is what a batch is for.
    const border = Buffer.from([0, 0, 0, nftables.subsystem]);
    const errno = this.#client.order([
      { type: nftables.batchBegin, payload: border },
      ...messages,
      { type: nftables.batchEnd, payload: border },
    ]);
    if (errno !== 0) throw new SystemCallError('nftables transaction', errno);
  }

  /** A number that grows with every change of any table of this network namespace. */
  generation(): number | null {
    const answer = this.#client.ask(typeOf(nftables.getGeneration), 0, header(0));
    if (typeof answer === 'number') return null;
    const id = findAttribute(answer, headerBytes, nftables.generationId);
    return id === null ? null : answer.readUInt32BE(id.at);
  }

  close(): void {
    this.#client.close();
  }
}

const typeOf = (message: number): number => (nftables.subsystem << 8) | message;

const header = (family: number): Buffer => Buffer.from([family, 0, 0, 0]);

/** NLA_F_NESTED of linux/netlink.h */
const nested = 0x8000;

/** An attribute that holds attributes: one for each element, with its key. */
function elementList(keys: readonly Buffer[]): Buffer {
  const { bytes } = attributeHeader;
  // Keys are of whole registers, so there is nothing to fill up.
  const list = Buffer.alloc(bytes + keys.reduce((sum, key) => sum + 3 * bytes + key.length, 0));
  let at = 0;
  const begin = (type: number, length: number): void => {
    list.writeUInt16LE(length, at + attributeHeader.length);
    list.writeUInt16LE(type, at + attributeHeader.type);
    at += bytes;
  };
  begin(nftables.listElements | nested, list.length);
  for (const key of keys) {
    begin(nftables.listElement | nested, 3 * bytes + key.length);
    begin(nftables.elementKey | nested, 2 * bytes + key.length);
    begin(nftables.dataValue, bytes + key.length);
    key.copy(list, at);
    at += key.length;
  }
  return list;
}

function textAttribute(type: number, text: string): Buffer {
  const value = Buffer.from(`${text}\0`);
  const { bytes, alignment } = attributeHeader;
  const attribute = Buffer.alloc((bytes + value.length + alignment - 1) & ~(alignment - 1));
  attribute.writeUInt16LE(bytes + value.length, attributeHeader.length);
  attribute.writeUInt16LE(type, attributeHeader.type);
  value.copy(attribute, bytes);
  return attribute;
}
