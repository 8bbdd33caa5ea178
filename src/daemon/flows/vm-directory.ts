import { formatAddress, parseAddress } from '../../ledger/address.js';
import type { Directory } from '../../directory/directory.js';
import type { HostConfig, VmConfig } from '../../config/host-config.js';

/** The other end of a connection, as far as it is known. */
export interface Whereabouts {
  vm: string | null;
  /** The host, where it is another one. */
  host: string | null;
}

const nowhere: Whereabouts = { vm: null, host: null };

/** This host’s VMs, by name and by (VNI, address): two tenants may use the same addresses; and those of others. */
export class VmDirectory {
  readonly #byName = new Map<string, VmConfig>();
  readonly #byAddress = new Map<string, VmConfig>();

  /** @param fleet where VMs of other hosts are; null: this host knows of none */
  constructor(
    readonly all: HostConfig['vms'],
    readonly fleet: Directory | null = null,
  ) {
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

  /** @param address likewise */
  whereabouts(vni: number, address: string): Whereabouts {
    const vm = this.withAddress(vni, address);
    if (vm !== undefined) return { vm: vm.name, host: null };
    const place = this.fleet?.find(vni, address) ?? null;
    return place === null ? nowhere : { vm: place.name, host: place.host };
  }
}
