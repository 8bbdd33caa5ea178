import { createHash } from 'node:crypto';
import { emptyLayout, type Layout } from '../../rules/nft/layout.js';
import { table } from '../../rules/nft/names.js';
import { listNft, nft } from '../nft-program.js';
import { NftablesNetlink } from './nftables-netlink.js';

const whole = `bridge ${table}`;

interface Named {
  name: string;
  type?: unknown;
}

interface Listed {
  set?: Named;
  map?: Named;
  chain?: Named;
  counter?: Named;
}

/**
 * Which counters, sets and chains are in our table, whoever put them there. Their content is left open, so that a
 * difference from it writes all anew. Null: there is no table.
 */
export async function readNames(elements: (set: string) => boolean): Promise<Layout | null> {
  if (!(await isThere())) return null;
  const listed = await listNft<Listed>(['list', 'table', 'bridge', table], ['-t']);
  const layout = emptyLayout();
  const withElements: [kind: 'set' | 'map', name: string][] = [];
  for (const { set, map, chain, counter } of listed) {
    if (counter) layout.counters.set(counter.name, '');
    if (chain) layout.chains.set(chain.name, { hook: null, rules: unknownRules });
    for (const [kind, found] of [['set', set] as const, ['map', map] as const]) {
      if (!found) continue;
      layout.sets.set(found.name, { kind, definition: '', elements: null });
      if (elements(found.name)) withElements.push([kind, found.name]);
    }
  }
  for (const [kind, name] of withElements)
    layout.sets.set(name, { kind, definition: '', elements: new Set(await elementsOf(kind, name)) });
  return layout;
}

/** No list of rules is this one. */
const unknownRules: readonly string[] = ['what it has is not known'];

/** So often a look may be disturbed by changes before it is given up. */
const looksAtMost = 20;

/**
 * A digest of all that vsockd put there: not of what the kernel counts and remembers. Null: there is no table.
 * @throws Error where nftables changes all the time
 */
export async function tableDigest(constantSets: Layout['sets']): Promise<string | null> {
  const netlink = new NftablesNetlink();
  try {
    for (let look = 0; look < looksAtMost; look++) {
      const generation = netlink.generation();
      const digest = await lookedAt(netlink, constantSets);
      if (netlink.generation() === generation) return digest;
    }
  } finally {
    netlink.close();
  }
  throw new Error('nftables changes all the time');
}

async function lookedAt(netlink: NftablesNetlink, constantSets: Layout['sets']): Promise<string | null> {
  const hash = createHash('sha256');
  if (!(await netlink.describe(table, (part) => void hash.update(part)))) return null;
  for (const [name, { elements }] of constantSets) {
    if (elements === null) continue;
    const found: string[] = [];
    await netlink.eachElement(table, name, (_key, answer, at, end) => {
      found.push(answer.toString('hex', at, end));
    });
    hash.update(`${name} ${found.sort().join(' ')}\n`);
  }
  return hash.digest('hex');
}

/** How often each counter of our table has counted. */
export async function readCounters(): Promise<Map<string, number>> {
  const listed = await listNft<{ counter?: Named & { packets: number } }>([
    'list',
    'counters',
    'table',
    'bridge',
    table,
  ]);
  return new Map(listed.flatMap(({ counter }) => (counter ? [[counter.name, counter.packets]] : [])));
}

async function isThere(): Promise<boolean> {
  const listed = await listNft<{ table?: Named }>(['list', 'tables', 'bridge']);
  return listed.some((entry) => entry.table?.name === table);
}

/** As a layout has them: nft’s own text between the braces. */
async function elementsOf(kind: 'set' | 'map', name: string): Promise<string[]> {
  const text = await nft([`list ${kind} ${whole} ${name}`], ['-s']);
  const inside = /elements = \{([^}]*)\}/.exec(text)?.[1] ?? '';
  return inside
    .split(',')
    .map((element) => element.trim().replace(/\s+/g, ' '))
    .filter((element) => element !== '');
}
