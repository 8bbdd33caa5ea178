import { z } from 'zod';

/** A rule of a security group, or a tenant’s default, as one host has it. */
export const RuleEntry = z.object({
  id: z.string().describe('tenant and rule: red/web-http; a default is red/default-ingress'),
  host: z.string(),
  tenant: z.string(),
  group: z.string().nullable().describe('null: a default'),
  rule: z.string(),
  mode: z.enum(['enforce', 'audit']).describe('audit: it counts what it would decide, and decides nothing'),
  direction: z.enum(['ingress', 'egress']),
  action: z.enum(['allow', 'deny']),
  priority: z.number().int().nullable().describe('lower first; null: a default, which comes last'),
  protocol: z.string(),
  ports: z.string().nullable().describe('ports, or an ICMP type and code; null: any'),
  remote: z.string().nullable().describe('a CIDR, or group:NAME; null: anyone'),
  vms: z.number().int().describe('VMs of this host that have it'),
  hits: z
    .number()
    .int()
    .nullable()
    .describe('set-ups that it decided; null: the kernel does not enforce it now'),
  flows: z.number().int().describe('open flows that it allows now'),
  flowBytes: z.number().int().describe('what those flows have sent and received, over all paths'),
  description: z.string(),
});
export type RuleEntry = z.infer<typeof RuleEntry>;

/** A rule set that a host has or had. */
export const RuleRevision = z.object({
  id: z.string().describe('host and number: hv1/17'),
  host: z.string(),
  revision: z.number().int(),
  at: z.iso.datetime(),
  by: z.string().nullable().describe('who asked for it; null: vsockd itself'),
  note: z.string(),
  rules: z.number().int(),
  confirmBefore: z.iso.datetime().nullable().describe('it is taken back then, unless it is confirmed'),
  inForce: z.boolean(),
});
export type RuleRevision = z.infer<typeof RuleRevision>;
