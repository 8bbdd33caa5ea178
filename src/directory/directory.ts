/** A hypervisor that other hypervisors can link to. */
export interface HostAddress {
  name: string;
  address: string;
  port: number;
}

/** A VM as the fleet knows it. */
export interface VmPlace {
  host: string;
  /** Null where the directory does not name it. */
  name: string | null;
}

/** Where hosts and VMs are. VMs are known by (VNI, address), since tenants may use the same addresses. */
export interface Directory {
  hosts(): readonly HostAddress[];
  /** @param address in its shortest form */
  find(vni: number, address: string): VmPlace | null;
  /** Every address of every VM. */
  places(): Iterable<VmPlace & { vni: number; address: string }>;
  /** Calls back each time that something in it has changed. */
  onChange(listener: () => void): void;
  close(): void;
}
