/** Rule sets of tenant red, as vsockd’s API takes them. */
export type RuleSet = Readonly<Record<string, unknown>>;

const setOf = (tenant: Readonly<Record<string, unknown>>): RuleSet => ({
  version: 1,
  tenants: { red: tenant },
});

/** The tenant has no limits. */
export const noRules: RuleSet = { version: 1, tenants: {} };

/** One rule lets everybody reach these VMs on every port; the tenant’s defaults are those of a tenant that names none. */
export const openTo = (vms: readonly string[]): RuleSet =>
  setOf({
    groups: { servers: { rules: [{ id: 'open', direction: 'ingress', protocol: 'tcp' }] } },
    vms: Object.fromEntries(vms.map((vm) => [vm, ['servers']])),
  });

/** The same without that rule. */
export const closedTo = (vms: readonly string[]): RuleSet =>
  setOf({ groups: { servers: {} }, vms: Object.fromEntries(vms.map((vm) => [vm, ['servers']])) });

/** Networks and ports that no VM of the lab has. */
const strange = (index: number): object => ({
  id: `strange-${index}`,
  direction: 'ingress',
  protocol: index % 2 === 0 ? 'tcp' : 'udp',
  priority: 100,
  ports: index % 4 < 2 ? [1 + index] : [`${1 + index}-${20 + index}`, 19_000],
  remote: { cidr: `172.${16 + (index % 16)}.${index % 256}.0/24` },
});

/** So many rules for what comes to a VM; only the last matches. */
export const lastOf = (count: number, vm: string): RuleSet =>
  setOf({
    groups: {
      many: {
        rules: [
          ...Array.from({ length: count - 1 }, (_, index) => strange(index)),
          { id: 'last', direction: 'ingress', priority: 200 },
        ],
      },
    },
    vms: { [vm]: ['many'] },
  });

/** A group may have so many, and so may a VM in a direction. */
const rulesOfGroup = 1000;

/** So many rules, in groups of a thousand, each with a VM of its own. */
export function rulesFor(count: number, vms: readonly string[]): RuleSet {
  const groups: Record<string, object> = {};
  const members: Record<string, string[]> = {};
  for (let at = 0; at < count; at += rulesOfGroup) {
    const name = `group${at / rulesOfGroup}`;
    const rules = Array.from({ length: Math.min(rulesOfGroup, count - at) }, (_, index) =>
      strange(at + index),
    );
    groups[name] = { rules };
    members[vms[at / rulesOfGroup]!] = [name];
  }
  return setOf({ groups, vms: members });
}
