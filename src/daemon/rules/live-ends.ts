import { SystemCallError } from '../../native/libc.js';
import { families } from '../../rules/families.js';
import { liveKinds, liveSet, sides, type LiveKind, type Side } from '../../rules/nft/live-sets.js';
import { table, vmPrefix } from '../../rules/nft/names.js';
import { findAttribute } from '../../netlink/attributes.js';
import { Pace } from '../../pace/pace.js';
import { elementOf, keyOf, liveEndOf, setOf, type LiveEnd } from './live-end.js';
import { nftables, NftablesNetlink, type ElementChange } from './nftables-netlink.js';

const elementsInOneLine = 200;
/** For so long a connection is remembered that nobody has answered; one that is open, for days. */
const halfOpenMilliseconds = 60_000;
/** With IPv6’s long keys three times as many as are added, deleted and added just fit what any socket may send. */
const endsInOneTransaction = 1000;
/** Where a socket may send more. */
const endsInLongTransaction = 16_000;
/** A list of elements is an attribute, of 64 KiB at most; IPv6’s have 52 bytes. */
const elementsInOneMessage = 1000;
/** asm-generic/errno-base.h */
const ENOENT = 2;

/** What a VM opened, or what others opened to it. */
export interface LivePlace {
  vm: string;
  side: Side;
}

export const bothSidesOf = (vms: readonly string[]): LivePlace[] =>
  vms.flatMap((vm) => sides.map((side) => ({ vm, side })));

/** The host’s own knowledge of what its VMs have open: nobody else is asked. */
export interface LiveEnds {
  /** What is open now. */
  list(places: readonly LivePlace[], kinds?: readonly LiveKind[]): Promise<LiveEnd[]>;
  /** They are remembered as if a packet of theirs had passed now. None may be named twice. */
  refresh(ends: readonly LiveEnd[]): Promise<void>;
  /** Their packets pass no more. None may be named twice. */
  forget(ends: readonly LiveEnd[]): Promise<void>;
}

/** As the kernel keeps it in the sets of our table. */
export class KernelLiveEnds implements LiveEnds {
  list(places: readonly LivePlace[], kinds: readonly LiveKind[] = liveKinds): Promise<LiveEnd[]> {
    return this.#list(places, kinds, 0);
  }

  /** Connections whose other end has answered. */
  answered(vms: readonly string[]): Promise<LiveEnd[]> {
    return this.#list(bothSidesOf(vms), ['tcp'], halfOpenMilliseconds);
  }

  async #list(
    places: readonly LivePlace[],
    kinds: readonly LiveKind[],
    leastMilliseconds: number,
  ): Promise<LiveEnd[]> {
    const netlink = new NftablesNetlink();
    const ends: LiveEnd[] = [];
    try {
      for (const { vm, side } of places)
        for (const kind of kinds)
          for (const family of families)
            await eachKey(netlink, liveSet(vmPrefix(vm), kind, side, family), (key, left) => {
              const end = left > leastMilliseconds ? liveEndOf(vm, kind, side, family, key) : null;
              if (end !== null) ends.push(end);
            });
    } finally {
      netlink.close();
    }
    return ends;
  }

  refresh(ends: readonly LiveEnd[]): Promise<void> {
    // In one transaction, so that no packet finds it missing. To delete what is gone already would fail.
    return change(ends, ['add', 'delete', 'add']);
  }

  async forget(ends: readonly LiveEnd[]): Promise<void> {
    try {
      await change(ends, ['delete']);
    } catch (error) {
      if (!(error instanceof SystemCallError && error.errno === ENOENT)) throw error;
      // Something has gone by itself: what is added first can be deleted in any case.
      await change(ends, ['add', 'delete']);
    }
  }
}

/**
 * Does all this to each end, many ends in a transaction: nft as a program would need several times as long, and each
 * transaction waits until no packet is under way by the old table.
 */
async function change(ends: readonly LiveEnd[], verbs: readonly ElementChange['verb'][]): Promise<void> {
  if (ends.length === 0) return;
  const netlink = new NftablesNetlink();
  const pace = new Pace();
  try {
    const most = netlink.makeRoom() ? endsInLongTransaction : endsInOneTransaction;
    for (const part of inParts(ends, most)) {
      if (pace.isDue) await pace.rest();
      netlink.change(table, changesOf(part, verbs));
    }
  } finally {
    netlink.close();
  }
}

function changesOf(ends: readonly LiveEnd[], verbs: readonly ElementChange['verb'][]): ElementChange[] {
  const sets = [...bySet(ends, keyOf)];
  return verbs.flatMap((verb) =>
    sets.flatMap(([set, all]) => inParts(all, elementsInOneMessage).map((keys) => ({ verb, set, keys }))),
  );
}

/** Commands for nft that put ends into their sets, or take them out. */
export function elementLines(verb: 'add' | 'delete', ends: readonly LiveEnd[]): string[] {
  return [...bySet(ends, elementOf)].flatMap(([set, all]) =>
    inParts(all, elementsInOneLine).map(
      (elements) => `${verb} element bridge ${table} ${set} { ${elements.join(', ')} }`,
    ),
  );
}

/** What is made of ends, by the set in which each is. */
function bySet<Item>(ends: readonly LiveEnd[], make: (end: LiveEnd) => Item): Map<string, Item[]> {
  const sets = new Map<string, Item[]>();
  for (const end of ends) {
    const set = setOf(end);
    const items = sets.get(set);
    if (items === undefined) sets.set(set, [make(end)]);
    else items.push(make(end));
  }
  return sets;
}

function inParts<Item>(items: readonly Item[], most: number): Item[][] {
  const parts: Item[][] = [];
  for (let at = 0; at < items.length; at += most) parts.push(items.slice(at, at + most));
  return parts;
}

/** @param take gets a key, and for how long it is remembered from now on, in milliseconds */
async function eachKey(
  netlink: NftablesNetlink,
  set: string,
  take: (key: Buffer, left: number) => void,
): Promise<void> {
  try {
    await netlink.eachElement(table, set, (key, answer, at, end) => {
      const left = findAttribute(answer, at, nftables.elementExpiration, end);
      if (left === null) take(key, Infinity);
      else take(key, answer.readUInt32BE(left.at) * 2 ** 32 + answer.readUInt32BE(left.at + 4));
    });
  } catch (error) {
    // Nothing is open where nothing is enforced.
    if (!(error instanceof SystemCallError && error.errno === ENOENT)) throw error;
  }
}
