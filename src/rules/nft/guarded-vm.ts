/** A VM of this host as the table needs it. */
export interface GuardedVm {
  name: string;
  tenant: string;
  /** The host’s end of its interface. */
  interface: string;
  mac: string;
  /** In their shortest form. */
  addresses: readonly string[];
}
