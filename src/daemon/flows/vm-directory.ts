import { formatAddress, parseAddress } from '../../ledger/address.js';
import type { HostConfig, VmConfig } from '../../config/host-config.js';

/** This host’s VMs, by name and by (VNI, address): two tenants may use the same addresses. */
export class VmDirectory {
  readonly #byName = new Map<string, VmConfig>();
  readonly #byAddress = new Map<string, VmConfig>();

  constructor(readonly all: HostConfig['vms']) {
    for (const vm of all) {
      this.#byName.set(vm.name, vm);
      for (const address of vm.addresses)
        this.#byAddress.set(`${vm.vni} ${formatAddress(parseAddress(address))}`, vm);
    }
  }

  named(name: string): VmConfig | undefined {
    return this.#byName.get(name);
  }

  /** @param address in its shortest form, as the observer and the ledger give it */
  withAddress(vni: number, address: string): VmConfig | undefined {
    return this.#byAddress.get(`${vni} ${address}`);
  }
}
