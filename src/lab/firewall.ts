import {
  linkPort,
  peersOf,
  rdmaInterface,
  rocePort,
  sshPort,
  underlayInterface,
  vmsOf,
  vxlanPort,
  type LabHost,
} from './topology.js';

/** What a real NIC sends and takes on its own the kernel’s firewall never sees: here it costs as little as may be. */
const roce = (side: 'iifname' | 'oifname'): string => `${side} ${rdmaInterface} udp dport ${rocePort}`;

/**
 * A host’s ruleset for nft. A VM may send from its own MAC and IPv4 address only; the host itself takes SSH
 * and, from the other hosts, VxLAN, links and RoCE. No connection tracking among bridge ports: not every kernel has it.
 */
export function firewallRules(host: LabHost, sshInterface: string): string {
  const local = vmsOf(host.name);
  const set = (entries: string[]): string => `{ ${entries.join(', ')} }`;
  const peers = set(peersOf(host.name).map(({ address }) => address));
  return `
table bridge vms {
  set ports {
    type ifname
    elements = ${set(local.map(({ name }) => name))}
  }
  set senders {
    type ifname . ether_addr . ipv4_addr
    elements = ${set(local.map((vm) => `${vm.name} . ${vm.mac} . ${vm.address}`))}
  }
  chain prerouting {
    type filter hook prerouting priority filter; policy accept;
    iifname @ports jump from-vm
  }
  chain from-vm {
    ether type ip iifname . ether saddr . ip saddr @senders accept
    ether type arp iifname . ether saddr . arp saddr ip @senders accept
    counter drop
  }
}
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
