/** What the lab is made of. Everything else in this folder is derived from it. */

export interface LabHost {
  name: string;
  /** On the underlay; TEST-NET-1 of RFC 5737, seen only inside the hosts’ namespaces. */
  address: string;
  /** Where there is a network for RDMA: TEST-NET-2. */
  rdmaAddress: string;
}

export interface LabTenant {
  name: string;
  /** VxLAN network identifier. */
  vni: number;
}

export interface LabVm {
  name: string;
  host: string;
  tenant: string;
  vni: number;
  address: string;
  mac: string;
}

export const hosts: readonly LabHost[] = [
  { name: 'hv1', address: '192.0.2.1', rdmaAddress: '198.51.100.1' },
  { name: 'hv2', address: '192.0.2.2', rdmaAddress: '198.51.100.2' },
];

export const tenants: readonly LabTenant[] = [
  { name: 'red', vni: 100 },
  { name: 'blue', vni: 200 },
];

/** Where each tenant’s VMs run; the tenants use the same addresses on purpose. */
const placements = [
  { number: 1, host: 'hv1' },
  { number: 2, host: 'hv1' },
  { number: 3, host: 'hv2' },
];

/** Set where something is measured that needs more: so many VMs of the first tenant come to the first host. */
export const moreVmsVariable = 'VSOCKET_LAB_MORE_VMS';

/** @param more VMs of the first tenant on the first host, numbered on */
export function vmsWith(more: number): LabVm[] {
  const added = Array.from({ length: more }, (_, index) => ({
    number: placements.length + 1 + index,
    host: 'hv1',
  }));
  return tenants.flatMap(({ name, vni }, tenant) =>
    [...placements, ...(tenant === 0 ? added : [])].map(({ number, host }) => ({
      name: `${name}${number}`,
      host,
      tenant: name,
      vni,
      address: `10.0.0.${number}`,
      mac: macAddress(vni, number),
    })),
  );
}

export const vms: readonly LabVm[] = vmsWith(Number(process.env[moreVmsVariable] ?? 0));

export const underlayPrefixBits = 24;
export const vmPrefixBits = 24;
export const rdmaPrefixBits = 24;
/** Room for RoCE’s largest path MTU, 4096 bytes, and its headers. */
export const rdmaMtuBytes = 9000;
export const underlayMtuBytes = 1500;
/** The underlay’s MTU without the outer headers: Ethernet 14, IPv4 20, UDP 8, VxLAN 8 (RFC 7348). */
export const vmMtuBytes = underlayMtuBytes - 50;
/** IANA’s port for VxLAN (RFC 7348). */
export const vxlanPort = 4789;
export const sshPort = 22;
/** Where vsockd takes links of other hosts. */
export const linkPort = 7471;
/** RoCEv2 (IANA’s roce). */
export const rocePort = 4791;

/** Names of the host’s interfaces; a VM’s port has the name of the VM. */
export const underlayInterface = 'underlay';
/** Where a host has one: the network that carries RDMA and nothing else. */
export const rdmaInterface = 'rdma0';
/** Soft-RoCE’s device on it. */
export const rdmaDevice = 'rxe0';
/** Of a host that is an emulated machine: its way to the machine outside, for SSH. */
export const managementInterface = 'management';
/** A machine’s network cards, in the order in which its kernel finds them. */
export const networkCards = [managementInterface, underlayInterface, rdmaInterface] as const;
export const vmInterface = 'eth0';
export const bridgeOf = (vni: number): string => `br${vni}`;
export const vxlanOf = (vni: number): string => `vx${vni}`;

export const vmsOf = (host: string): LabVm[] => vms.filter((vm) => vm.host === host);
export const peersOf = (host: string): LabHost[] => hosts.filter(({ name }) => name !== host);

/** A locally administered address (IEEE 802: bit 1 of the first byte) that tells network and VM. */
function macAddress(vni: number, number: number): string {
  const bytes = [0x02, 0x76, (vni >> 16) & 0xff, (vni >> 8) & 0xff, vni & 0xff, number];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
