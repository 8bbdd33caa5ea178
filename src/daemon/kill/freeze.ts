import { formatAddress } from '../../ledger/address.js';
import { nft } from '../nft-program.js';
import type { ConnectionEnd, DoomedConnection } from './connection-end.js';

/** Our own table: the operator’s rules are in others. */
const table = 'bridge vsocket_kill';

/**
 * Rules that drop what the ends of some connections send each other, so that their sequence numbers stand still. What
 * a packet tap sends to an interface does not pass the bridge, so it gets through. The elements time out: a vsockd
 * that is killed meanwhile leaves nothing frozen.
 * @throws Error with nft’s own words
 */
export async function freeze(connections: DoomedConnection[]): Promise<void> {
  const ends = connections.flatMap((connection) => connection.ends);
  const lines = [
    `add table ${table}`,
    `add chain ${table} early { type filter hook prerouting priority -350; }`,
  ];
  for (const [set, ip, addressBytes] of [
    ['v4', 'ip', 4],
    ['v6', 'ip6', 16],
  ] as const) {
    const key = `meta iifname . ${ip} saddr . tcp sport . ${ip} daddr . tcp dport`;
    lines.push(`add set ${table} ${set} { typeof ${key}; flags timeout; timeout 2s; }`);
    const elements = ends.filter(({ here }) => here.address.length === addressBytes).map(element);
    if (elements.length > 0) lines.push(`add element ${table} ${set} { ${elements.join(', ')} }`);
    lines.push(`add rule ${table} early ${key} @${set} drop`);
  }
  await nft(lines);
}

/** Takes the rules away. */
export async function thaw(): Promise<void> {
  await nft([`add table ${table}`, `delete table ${table}`]);
}

function element({ device, here, peer }: ConnectionEnd): string {
  const text = ({ address }: { address: Buffer }): string =>
    address.length === 4 ? [...address].join('.') : formatAddress(address);
  return `"${device}" . ${text(here)} . ${here.port} . ${text(peer)} . ${peer.port}`;
}
