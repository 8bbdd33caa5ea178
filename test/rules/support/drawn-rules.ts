import fc from 'fast-check';
import { checkRuleSet } from '../../../src/rules/check-rule-set.js';
import { Rule, RuleSet } from '../../../src/rules/rule-set.js';

export const ownAddresses = { a: ['10.0.0.1', 'fd00::1'], b: ['10.0.0.2', 'fd00::2'] } as const;
/** Behind the uplink; the first of each family is a VM of the tenant on another host. */
export const farAddresses = [
  '10.0.0.3',
  '10.0.1.7',
  '192.168.7.7',
  'fd00::3',
  'fd00:0:0:1::7',
  '2001:db8::7',
];
export const drawnPorts = [22, 53, 80, 443, 8000, 8001, 8050, 8099, 8100, 65535];
export const otherProtocols = [2, 47, 50, 132, 255];

const groups = ['g0', 'g1', 'g2'];

const cidrs = [
  ...[
    '10.0.0.1/32',
    '10.0.0.2/31',
    '10.0.0.0/24',
    '10.0.0.0/16',
    '192.168.0.0/16',
    '0.0.0.0/0',
    '10.0.0.9/24',
  ],
  ...['fd00::1/128', 'fd00::/64', 'fd00::/48', '2001:db8::/32', '::/0'],
];

const ports = fc.array(
  fc.oneof(
    fc.constantFrom(...drawnPorts),
    fc
      .tuple(fc.constantFrom(...drawnPorts), fc.constantFrom(...drawnPorts))
      .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
  ),
  { minLength: 1, maxLength: 4 },
);

const remote = fc.oneof(
  fc.record({ cidr: fc.constantFrom(...cidrs) }),
  fc.record({ group: fc.constantFrom(...groups) }),
);

const rule = fc.record(
  {
    direction: fc.constantFrom('ingress', 'egress'),
    action: fc.constantFrom('allow', 'deny'),
    priority: fc.integer({ min: 0, max: 5 }),
    protocol: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('tcp', 'udp', 'icmp', 'icmpv6', 'any') },
      { weight: 1, arbitrary: fc.constantFrom(...otherProtocols) },
    ),
    ports,
    type: fc.constantFrom(0, 3, 8, 13, 128, 129, 200),
    code: fc.constantFrom(0, 1),
    remote,
  },
  { requiredKeys: ['direction', 'action', 'priority', 'protocol'] },
);

interface Drawn {
  protocol: string | number;
  type?: number;
  code?: number;
  ports?: unknown;
  remote?: { cidr: string } | { group: string };
}

/** Takes away what does not go with the protocol: so every draw is a rule. */
function sound<T extends Drawn>(drawn: T): T {
  const kept = { ...drawn };
  if (kept.protocol !== 'tcp' && kept.protocol !== 'udp') delete kept.ports;
  if (kept.protocol !== 'icmp' && kept.protocol !== 'icmpv6') delete kept.type;
  if (kept.type === undefined) delete kept.code;
  return Rule.safeParse({ id: 'x', ...kept }).success ? kept : { ...kept, remote: undefined };
}

const group = fc.record({
  mode: fc.constantFrom('enforce', 'enforce', 'audit'),
  rules: fc.array(rule, { maxLength: 8 }),
});

const action = fc.constantFrom('allow', 'deny');

export const drawnRuleSet: fc.Arbitrary<RuleSet> = fc
  .record({
    defaults: fc.record({ ingress: action, egress: action }),
    groups: fc.tuple(group, group, group),
    a: fc.subarray(groups),
    b: fc.subarray(groups),
    far: fc.subarray(groups),
    named: fc.integer({ min: 0, max: 9 }).map((number) => number > 0),
  })
  .map(({ defaults, groups: drawn, a, b, far, named }) => {
    const set = RuleSet.parse({
      version: 1,
      // A tenant without rules, now and then.
      tenants: {
        [named ? 'red' : 'other']: {
          defaults,
          groups: Object.fromEntries(
            drawn.map(({ mode, rules }, g): [string, object] => [
              groups[g]!,
              { mode, rules: rules.map((one, r) => ({ ...sound(one), id: `${g}-${r}` })) },
            ]),
          ),
          vms: { a, b, far },
        },
      },
    });
    if (checkRuleSet(set) !== null) throw new Error('a drawn rule set is none');
    return set;
  });
