import { firewallRules } from './firewall.js';
import { runInside, type Holder } from './namespaces.js';
import {
  bridgeOf,
  hosts,
  peersOf,
  tenants,
  underlayInterface,
  underlayMtuBytes,
  underlayPrefixBits,
  vmInterface,
  vmMtuBytes,
  vmPrefixBits,
  vxlanOf,
  vms,
  vmsOf,
  vxlanPort,
  type LabHost,
} from './topology.js';

/** Runs many `ip` commands in one process inside a machine. */
const ip = (holder: Holder, commands: string[]): Promise<string> =>
  runInside(holder, 'ip', ['-batch', '-'], `${commands.join('\n')}\n`);

/** The cable between the two hosts. */
export async function connectHosts(holders: Map<string, number>): Promise<void> {
  const [first, second] = hosts.map(({ name }) => holders.get(name)!);
  const port = `name ${underlayInterface} mtu ${underlayMtuBytes}`;
  await ip(first!, [`link add ${port} type veth peer ${port} netns ${second}`]);
}

/** Underlay address, firewall, and per tenant a bridge with a VxLAN port to the other hosts. */
export async function setUpHost(holder: Holder, host: LabHost, sshInterface: string): Promise<void> {
  const overlays = tenants.flatMap(({ vni }) => [
    // A bridge without address: hosts are no part of their tenants’ networks.
    `link add ${bridgeOf(vni)} mtu ${vmMtuBytes} type bridge stp_state 0 forward_delay 0`,
    `link add ${vxlanOf(vni)} mtu ${vmMtuBytes} type vxlan id ${vni} local ${host.address} ` +
      `dev ${underlayInterface} dstport ${vxlanPort}`,
    `link set ${vxlanOf(vni)} master ${bridgeOf(vni)} up`,
    `link set ${bridgeOf(vni)} up`,
  ]);
  await ip(holder, [
    'link set lo up',
    `address add ${host.address}/${underlayPrefixBits} dev ${underlayInterface}`,
    `link set ${underlayInterface} up`,
    ...overlays,
  ]);
  // No multicast on the underlay: what has no known place (the all-zero address) goes to every other host.
  const floods = tenants.flatMap(({ vni }) =>
    peersOf(host.name).map(
      (peer) => `fdb append 00:00:00:00:00:00 dev ${vxlanOf(vni)} dst ${peer.address} self permanent`,
    ),
  );
  await runInside(holder, 'bridge', ['-batch', '-'], `${floods.join('\n')}\n`);
  // For an sshd without root.
  await runInside(holder, 'tee', ['/proc/sys/net/ipv4/ip_unprivileged_port_start'], '0\n');
  await runInside(holder, 'nft', ['-f', '-'], firewallRules(host, sshInterface));
}

/** Each VM’s interface and its port on the tenant’s bridge, which stays down: nobody guards it yet. */
export async function connectVms(hostHolder: Holder, vmHolders: Map<string, number>): Promise<void> {
  const local = vms.filter(({ name }) => vmHolders.has(name));
  const ports = local.flatMap((vm) => [
    `link add ${vm.name} mtu ${vmMtuBytes} type veth ` +
      `peer name ${vmInterface} address ${vm.mac} mtu ${vmMtuBytes} netns ${vmHolders.get(vm.name)}`,
    `link set ${vm.name} master ${bridgeOf(vm.vni)}`,
  ]);
  await ip(hostHolder, ports);
  for (const vm of local)
    await ip(vmHolders.get(vm.name)!, [
      'link set lo up',
      `address add ${vm.address}/${vmPrefixBits} dev ${vmInterface}`,
      `link set ${vmInterface} up`,
    ]);
}

/** Lets the VMs in: vsockd guards their ports now. */
export async function raisePorts(holder: Holder, host: LabHost): Promise<void> {
  await ip(
    holder,
    vmsOf(host.name).map(({ name }) => `link set ${name} up`),
  );
}
