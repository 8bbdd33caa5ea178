import { alwaysAllowedTypes } from '../always-allowed.js';
import type { Family } from '../families.js';
import { liveTimeouts, type Side } from './live-sets.js';
import { entryChain, trafficWords, type TrafficWords } from './traffic-words.js';

/**
 * What a VM’s packets of one direction and family pass, by chain name. `return` lets a packet through, all else drops
 * it. A packet that opens something jumps to the VM’s rules; what belongs to something open does not.
 */
export function trafficChains(v: string, side: Side, family: Family): Record<string, string[]> {
  const words = trafficWords(v, side, family);
  return {
    [entryChain(v, side, family)]: anyPacket(words),
    [words.chain('later')]: laterFragment(words),
    [words.chain('whole')]: withHeaders(words, side),
    [words.chain('tcp')]: tcp(words),
    [words.chain('udp')]: udp(words),
    [words.chain('icmp')]: icmp(words),
  };
}

/** Only a first fragment has ports; the later ones pass where it did. */
function anyPacket({ family, chain, fragment, fragments }: TrafficWords): string[] {
  const isLater = family === 4 ? 'ip frag-off & 0x1fff != 0' : 'frag frag-off != 0';
  const isFirst = family === 4 ? 'ip frag-off & 0x2000 != 0' : 'frag more-fragments 1';
  return [
    `${isLater} goto ${chain('later')}`,
    `${isFirst} jump ${chain('whole')}`,
    `${isFirst} update ${fragments} { ${fragment} } return`,
    `goto ${chain('whole')}`,
  ];
}

function laterFragment({ v, fragment, fragments }: TrafficWords): string[] {
  return [`${fragment} ${fragments} return`, `counter name ${v}_stray drop`];
}

function withHeaders(words: TrafficWords, side: Side): string[] {
  const { family, icmp, chain, opened, answered, peer, rules } = words;
  // The VM as a client of DHCP; it may be no server.
  const [client, server] = family === 4 ? [68, 67] : [546, 547];
  const [from, to] = side === 'out' ? [client, server] : [server, client];
  const protocols = `tcp : goto ${chain('tcp')}, udp : goto ${chain('udp')}, ${icmp} : goto ${chain('icmp')}`;
  const key = `meta l4proto . ${peer}`;
  return [
    `${icmp} type { ${alwaysAllowedTypes[family].join(', ')} } return`,
    `udp sport ${from} udp dport ${to} return`,
    `meta l4proto vmap { ${protocols} }`,
    `${key} ${answered('other')} return`,
    rules,
    `update ${opened('other')} { ${key} } return`,
  ];
}

function tcp({ v, ends, asSent, asAnswered, opened, answered, fin, closed, rules }: TrafficWords): string[] {
  const key = ends('tcp');
  const { halfOpen } = liveTimeouts;
  const forget = `delete ${opened('tcp')} { ${key} } delete ${answered('tcp')} { ${key} }`;
  const isOpen = [opened, answered].map((set) => `${key} ${set('tcp')}`);
  return [
    `tcp flags & (fin | syn | rst | ack) == syn ${rules}`,
    `tcp flags & (fin | syn | rst | ack) == syn update ${opened('tcp')} { ${key} timeout ${halfOpen} } return`,
    `tcp flags & (fin | syn | rst | ack) == syn counter name ${v}_full drop`,
    // A FIN of each side, or one RST: only what repeats the last words may follow.
    ...isOpen.map((open) => `tcp flags & rst != 0 ${open} ${forget} update ${closed} { ${key} } return`),
    ...isOpen.map(
      (open) =>
        `tcp flags & fin != 0 ${open} ${asAnswered} ${fin} ` +
        `delete ${fin} { ${asAnswered} } ${forget} update ${closed} { ${key} } return`,
    ),
    ...isOpen.map((open) => `tcp flags & fin != 0 ${open} update ${fin} { ${asSent} } return`),
    `${isOpen[0]} update ${opened('tcp')} { ${key} } return`,
    `${isOpen[1]} update ${answered('tcp')} { ${key} } return`,
    `${key} ${closed} return`,
    `counter name ${v}_stray drop`,
  ];
}

function udp({ v, ends, opened, answered, rules }: TrafficWords): string[] {
  const key = ends('udp');
  return [
    `${key} ${answered('udp')} update ${answered('udp')} { ${key} } return`,
    `${key} ${opened('udp')} update ${opened('udp')} { ${key} } return`,
    rules,
    `update ${opened('udp')} { ${key} } return`,
    // Passes, since a rule allows it; answers do so only where a rule allows them too.
    `counter name ${v}_full`,
  ];
}

/** Each request is judged by the rules; its answers are let through for a while. */
function icmp({ icmp: word, peer, opened, answered, rules }: TrafficWords): string[] {
  const key = `${peer} . ${word} id`;
  return [
    `${word} type echo-reply ${key} ${answered('ping')} return`,
    rules,
    `${word} type echo-request update ${opened('ping')} { ${key} } return`,
  ];
}
