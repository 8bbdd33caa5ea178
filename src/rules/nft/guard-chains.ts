import ipaddr from 'ipaddr.js';
import { familyOf } from '../rule-set.js';
import type { GuardedVm } from './guarded-vm.js';

/**
 * What a VM may send at all, before the bridge learns from it: frames from its own MAC with its own addresses, in IP as
 * in ARP and ND. Tagged frames have another type, and go. By chain name.
 */
export function guardChains({ mac, addresses }: GuardedVm, v: string): Record<string, string[]> {
  const drop = `counter name ${v}_spoof drop`;
  const advertised = addresses.filter((address) => familyOf(address) === 6).map(asNumber);
  return {
    [`${v}_guard`]: [
      `ether saddr != ${mac} ${drop}`,
      // RARP: QEMU announces a VM by it after a migration.
      `ether type vmap { arp : goto ${v}_guard_arp, ip : goto ${v}_guard4, ip6 : goto ${v}_guard6, 0x8035 : return }`,
      drop,
    ],
    [`${v}_guard_arp`]: [
      `arp saddr ether ${mac} arp saddr ip @${v}_a4 return`,
      // A probe: is the address free?
      `arp operation request arp saddr ether ${mac} arp saddr ip 0.0.0.0 return`,
      drop,
    ],
    [`${v}_guard4`]: [
      // No VM is a DHCP server.
      `udp sport 67 ${drop}`,
      `ip saddr @${v}_a4 return`,
      'ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp sport 68 udp dport 67 return',
      drop,
    ],
    [`${v}_guard6`]: [
      `udp sport 547 ${drop}`,
      `icmpv6 type { nd-router-advert, nd-redirect } ${drop}`,
      // The address that a neighbour advertises follows the header of 8 bytes.
      ...advertised.map((address) => `icmpv6 type nd-neighbor-advert @th,64,128 ${address} return`),
      `icmpv6 type nd-neighbor-advert @th,64,16 & 0xffc0 != 0xfe80 ${drop}`,
      `ip6 saddr @${v}_a6 return`,
      'ip6 saddr fe80::/10 meta l4proto icmpv6 return',
      'ip6 saddr fe80::/10 udp sport 546 udp dport 547 return',
      'ip6 saddr :: icmpv6 type { nd-neighbor-solicit, mld-listener-report, mld2-listener-report } return',
      drop,
    ],
  };
}

function asNumber(address: string): string {
  return `0x${Buffer.from(ipaddr.parse(address).toByteArray()).toString('hex')}`;
}
