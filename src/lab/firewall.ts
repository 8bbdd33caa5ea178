import {
  linkPort,
  peersOf,
  rdmaInterface,
  rocePort,
  sshPort,
  underlayInterface,
  vxlanPort,
  type LabHost,
} from './topology.js';

/** What a real NIC sends and takes on its own the kernel’s firewall never sees: here it costs as little as may be. */
const roce = (side: 'iifname' | 'oifname'): string => `${side} ${rdmaInterface} udp dport ${rocePort}`;

/**
 * The host’s own firewall, for nft: it takes SSH and, from the other hosts, VxLAN, links and RoCE. What the VMs may
 * send each other is vsockd’s to enforce (src/rules).
 */
export function firewallRules(host: LabHost, sshInterface: string): string {
  const set = (entries: string[]): string => `{ ${entries.join(', ')} }`;
  const peers = set(peersOf(host.name).map(({ address }) => address));
  return `
table inet host {
  chain arriving {
    type filter hook prerouting priority raw; policy accept;
    ${roce('iifname')} notrack
  }
  chain leaving {
    type filter hook output priority raw; policy accept;
    ${roce('oifname')} notrack
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ${roce('iifname')} accept
    ct state established,related accept
    iif lo accept
    iifname ${sshInterface} tcp dport ${sshPort} accept
    iifname ${underlayInterface} ip saddr ${peers} udp dport ${vxlanPort} accept
    iifname ${underlayInterface} ip saddr ${peers} tcp dport ${linkPort} accept
    iifname ${underlayInterface} icmp type echo-request accept
    counter
  }
}
`;
}
