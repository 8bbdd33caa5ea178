import type { RuleSet } from './rule-set.js';

/** The addresses of a VM of a tenant, in their shortest form, on whatever host it is. */
export type AddressesOf = (tenant: string, vm: string) => readonly string[];

/** Who is in each group, by address: what a rule with a group as its remote matches. */
export class GroupMembers {
  readonly #groups = new Map<string, Set<string>>();

  constructor({ tenants }: RuleSet, addressesOf: AddressesOf) {
    for (const [tenant, { groups, vms }] of Object.entries(tenants)) {
      for (const group of Object.keys(groups)) this.#groups.set(`${tenant}/${group}`, new Set());
      for (const [vm, names] of Object.entries(vms))
        for (const group of names)
          for (const address of addressesOf(tenant, vm)) this.#groups.get(`${tenant}/${group}`)!.add(address);
    }
  }

  of(tenant: string, group: string): ReadonlySet<string> {
    return this.#groups.get(`${tenant}/${group}`) ?? new Set();
  }
}
