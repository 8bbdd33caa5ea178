import ipaddr from 'ipaddr.js';
import { z } from 'zod';

/** The form of security groups as operators write them, in YAML or JSON. Everything about them follows from it. */

const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    'a name has 1 to 63 letters, digits, dots, dashes and underlines',
  );

export const directions = ['ingress', 'egress'] as const;
export type Direction = (typeof directions)[number];

export const actions = ['allow', 'deny'] as const;
export type Action = (typeof actions)[number];

/** Numbers of protocols that rules know by name (IANA). */
export const protocolNumbers = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const;
export type NamedProtocol = keyof typeof protocolNumbers;
const namedProtocols = Object.keys(protocolNumbers) as [NamedProtocol, ...NamedProtocol[]];

const protocolNumber = z
  .number()
  .int()
  .min(0)
  .max(255)
  .superRefine((number, context) => {
    const known = namedProtocols.find((candidate) => protocolNumbers[candidate] === number);
    if (known === undefined) return;
    context.addIssue({ code: 'custom', message: `protocol ${number} is written ${known}` });
  });

const port = z.number().int().min(0).max(65535);
const ports = z.union([
  port,
  z
    .string()
    .regex(/^\d{1,5}-\d{1,5}$/, 'ports are numbers, or ranges such as 8000-8099')
    .refine((text) => {
      const [first = 0, last = 0] = text.split('-').map(Number);
      return first <= last && last <= 65535;
    }, 'a range of ports goes from the lower to the higher, 65535 at most'),
]);

const cidr = z
  .string()
  .max(64)
  .refine(ipaddr.isValidCIDR, 'a CIDR is an address and its bits, such as 10.0.0.0/8 or fd00::/16');

const remote = z.union(
  [z.strictObject({ cidr }), z.strictObject({ group: name })],
  'a remote is { cidr: ... } or { group: ... }',
);

export const Rule = z
  .strictObject({
    id: name.describe('stable, unique in the tenant; counters and events name it'),
    direction: z.enum(directions),
    action: z.enum(actions).default('allow'),
    priority: z.number().int().min(0).max(65535).default(1000).describe('lower first; deny before allow'),
    protocol: z
      .union(
        [z.enum([...namedProtocols, 'any']), protocolNumber],
        'a protocol is tcp, udp, icmp, icmpv6, any, or a number',
      )
      .default('any')
      .describe('tcp, udp, icmp, icmpv6, a number, or any'),
    ports: z
      .array(ports)
      .min(1)
      .max(64)
      .optional()
      .describe('destination ports of tcp or udp; absent: every port'),
    type: z.number().int().min(0).max(255).optional().describe('of icmp or icmpv6'),
    code: z.number().int().min(0).max(255).optional().describe('of icmp or icmpv6, with a type'),
    remote: remote.optional().describe('the other end; absent: anyone'),
    description: z.string().max(256).optional(),
  })
  .superRefine((rule, context) => {
    const { protocol } = rule;
    const hasPorts = protocol === 'tcp' || protocol === 'udp';
    const isIcmp = protocol === 'icmp' || protocol === 'icmpv6';
    if (rule.ports !== undefined && !hasPorts)
      context.addIssue({ code: 'custom', path: ['ports'], message: 'only tcp and udp have ports' });
    if (rule.type !== undefined && !isIcmp)
      context.addIssue({ code: 'custom', path: ['type'], message: 'only icmp and icmpv6 have a type' });
    if (rule.code !== undefined && rule.type === undefined)
      context.addIssue({ code: 'custom', path: ['code'], message: 'a code needs a type' });
    const family = rule.remote !== undefined && 'cidr' in rule.remote ? familyOf(rule.remote.cidr) : null;
    if (family === 6 && protocol === 'icmp')
      context.addIssue({ code: 'custom', path: ['remote'], message: 'icmp is of IPv4, the address of IPv6' });
    if (family === 4 && protocol === 'icmpv6')
      context.addIssue({
        code: 'custom',
        path: ['remote'],
        message: 'icmpv6 is of IPv6, the address of IPv4',
      });
  });
export type Rule = z.infer<typeof Rule>;

export const modes = ['enforce', 'audit'] as const;

export const Group = z.strictObject({
  mode: z
    .enum(modes)
    .default('enforce')
    .describe('audit: its rules count what they would decide, and decide nothing'),
  description: z.string().max(256).optional(),
  rules: z.array(Rule).max(1000).default([]),
});
export type Group = z.infer<typeof Group>;

export const Tenant = z.strictObject({
  defaults: z
    .strictObject({
      ingress: z.enum(actions).default('deny'),
      egress: z.enum(actions).default('allow'),
    })
    .default({ ingress: 'deny', egress: 'allow' }),
  groups: z.record(name, Group).default({}),
  vms: z.record(name, z.array(name).max(32)).default({}).describe('the groups of each VM'),
});
export type Tenant = z.infer<typeof Tenant>;

export const RuleSet = z.strictObject({
  version: z.literal(1),
  tenants: z.record(name, Tenant).default({}),
});
export type RuleSet = z.infer<typeof RuleSet>;

/** No tenant has rules: all may talk within their networks, and nobody may spoof. */
export const emptyRuleSet: RuleSet = { version: 1, tenants: {} };

export function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}
