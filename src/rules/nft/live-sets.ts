import { families, type Family } from '../families.js';
import type { SetLayout } from './layout.js';

/** Who opened a connection, as its VM sees it: `in`, by a peer; `out`, by the VM. */
export const sides = ['in', 'out'] as const;
export type Side = (typeof sides)[number];

/** How long an idle one is remembered. */
export const liveTimeouts = {
  connection: '5d',
  /** A connection that nobody has answered. */
  halfOpen: '1m',
  /** One whose programs have said their last word. */
  closed: '10s',
  datagrams: '2m',
  others: '30s',
} as const;

/** Sets by which the kernel knows a VM’s open connections. The kernel fills them as packets pass. */
export const liveSet = (v: string, kind: LiveKind, side: Side, family: Family): string =>
  `${v}_${kind}_${side}${family}`;

/** tcp and udp: own address . own port . peer’s address . peer’s port; ping and other: peer and identifier or protocol. */
export const liveKinds = ['tcp', 'udp', 'ping', 'other'] as const;
export type LiveKind = (typeof liveKinds)[number];

/** Of TCP: directions that a FIN has ended, by the addresses of the packet; connections that ended just now. */
export const finSet = (v: string, family: Family): string => `${v}_fin${family}`;
export const closedSet = (v: string, family: Family): string => `${v}_closed${family}`;
/** Datagrams of which a first fragment has passed. */
export const fragmentSet = (v: string, family: Family): string => `${v}_frag${family}`;

export function liveSets(v: string): Record<string, SetLayout> {
  const sets: Record<string, SetLayout> = {};
  const add = (name: string, type: string, timeout: string): void => {
    sets[name] = {
      kind: 'set',
      definition: `${type}; flags dynamic,timeout; timeout ${timeout};`,
      elements: null,
    };
  };
  for (const family of families) {
    const address = family === 4 ? 'ipv4_addr' : 'ipv6_addr';
    const ip = family === 4 ? 'ip' : 'ip6';
    const ends = `type ${address} . inet_service . ${address} . inet_service`;
    for (const side of sides) {
      add(liveSet(v, 'tcp', side, family), ends, liveTimeouts.connection);
      add(liveSet(v, 'udp', side, family), ends, liveTimeouts.datagrams);
      add(
        liveSet(v, 'ping', side, family),
        `typeof ${ip} saddr . ${family === 4 ? 'icmp' : 'icmpv6'} id`,
        liveTimeouts.others,
      );
      add(liveSet(v, 'other', side, family), `type inet_proto . ${address}`, liveTimeouts.others);
    }
    add(finSet(v, family), ends, liveTimeouts.connection);
    add(closedSet(v, family), ends, liveTimeouts.closed);
    const identification =
      family === 4 ? 'meta l4proto . ip saddr . ip daddr . ip id' : 'ip6 saddr . ip6 daddr . frag id';
    add(fragmentSet(v, family), `typeof ${identification}`, liveTimeouts.others);
  }
  return sets;
}
