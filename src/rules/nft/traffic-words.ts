import type { Family } from '../families.js';
import { closedSet, finSet, fragmentSet, liveSet, type LiveKind, type Side } from './live-sets.js';

/** What a VM’s packets pass in one direction and family, and the chain that jumps to its policy. */
export const entryChain = (v: string, side: Side, family: Family): string => `${v}_${side}${family}`;
export const rulesChain = (v: string, side: Side, family: Family): string => `${v}_${side}${family}_rules`;

/** nft’s words for the packets of one VM, direction and family. */
export interface TrafficWords {
  v: string;
  family: Family;
  icmp: 'icmp' | 'icmpv6';
  /** Name of a chain of this direction. */
  chain: (part: string) => string;
  /** The set of what was opened in this direction, and in the other. */
  opened: (kind: LiveKind) => string;
  answered: (kind: LiveKind) => string;
  fin: string;
  closed: string;
  fragments: string;
  /** Keys: own end and then the peer’s; as they are in the packet, and as in one that answers it. */
  ends: (protocol: 'tcp' | 'udp') => string;
  asSent: string;
  asAnswered: string;
  fragment: string;
  peer: string;
  rules: string;
}

export function trafficWords(v: string, side: Side, family: Family): TrafficWords {
  const ip = family === 4 ? 'ip' : 'ip6';
  const [own, peer] = side === 'out' ? ['s', 'd'] : ['d', 's'];
  const other: Side = side === 'in' ? 'out' : 'in';
  const ends = (from: string, to: string, protocol: string): string =>
    `${ip} ${from}addr . ${protocol} ${from}port . ${ip} ${to}addr . ${protocol} ${to}port`;
  return {
    v,
    family,
    icmp: family === 4 ? 'icmp' : 'icmpv6',
    chain: (part) => `${entryChain(v, side, family)}_${part}`,
    opened: (kind) => `@${liveSet(v, kind, side, family)}`,
    answered: (kind) => `@${liveSet(v, kind, other, family)}`,
    fin: `@${finSet(v, family)}`,
    closed: `@${closedSet(v, family)}`,
    fragments: `@${fragmentSet(v, family)}`,
    ends: (protocol) => ends(own, peer, protocol),
    asSent: ends('s', 'd', 'tcp'),
    asAnswered: ends('d', 's', 'tcp'),
    fragment: family === 4 ? 'meta l4proto . ip saddr . ip daddr . ip id' : 'ip6 saddr . ip6 daddr . frag id',
    peer: `${ip} ${peer}addr`,
    rules: `jump ${rulesChain(v, side, family)}`,
  };
}
