import type { HostConfig } from '../../config/host-config.js';
import type { Directory } from '../../directory/directory.js';
import { formatAddress, parseAddress } from '../../ledger/address.js';
import type { RulesState } from '../../rules/host-rules.js';

/**
 * The addresses of all VMs that groups may have as members: those of this host, and by the directory those of others
 * in the networks that its tenants have here.
 */
export function vmAddresses(vms: HostConfig['vms'], fleet: Directory | null): RulesState['addresses'] {
  const addresses = new Map<string, Map<string, string[]>>();
  const add = (tenant: string, vm: string, address: string): void => {
    const ofTenant = addresses.get(tenant) ?? new Map<string, string[]>();
    addresses.set(tenant, ofTenant);
    ofTenant.set(vm, [...new Set([...(ofTenant.get(vm) ?? []), address])]);
  };
  const tenantOf = new Map(vms.map(({ vni, tenant }) => [vni, tenant]));
  const local = new Set(vms.map(({ vni, name }) => `${vni} ${name}`));
  for (const { tenant, name, addresses: own } of vms)
    for (const address of own) add(tenant, name, formatAddress(parseAddress(address)));
  for (const { vni, name, address } of fleet?.places() ?? []) {
    const tenant = tenantOf.get(vni);
    if (tenant !== undefined && name !== null && !local.has(`${vni} ${name}`)) add(tenant, name, address);
  }
  return Object.fromEntries(
    [...addresses].map(([tenant, ofTenant]) => [tenant, Object.fromEntries(ofTenant)]),
  );
}
