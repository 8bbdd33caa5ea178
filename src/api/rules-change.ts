import { z } from 'zod';
import { seenReader } from './seen.js';

const ruleSet = z.record(z.string(), z.unknown()).describe('the whole rule set; docs/security-groups.md');

/** GET /v1/rules/set */
export const RulesInForce = z.object({
  revision: z.number().int(),
  problem: z.string().nullable().describe('why the kernel does not enforce it; null: it does'),
  ruleSet,
});
export type RulesInForce = z.infer<typeof RulesInForce>;

/** POST /v1/rules/apply */
export const RulesApply = z.strictObject({
  ruleSet,
  ifRevision: z.number().int().optional().describe('only if this one is in force'),
  confirmSeconds: z
    .number()
    .int()
    .min(1)
    .max(86_400)
    .optional()
    .describe('taken back after so long, unless it is confirmed'),
  note: z.string().max(256).default(''),
});
export type RulesApply = z.input<typeof RulesApply>;

/** POST /v1/rules/rollback */
export const RulesRollback = z.strictObject({
  revision: z.number().int().min(0).nullable().describe('null: the one before'),
  ifRevision: z.number().int().optional().describe('only if this one is in force'),
});
export type RulesRollback = z.infer<typeof RulesRollback>;

export const RuleChangeEntry = z.object({
  change: z.enum(['added', 'removed', 'changed']),
  tenant: z.string(),
  kind: z.enum(['default', 'group', 'rule', 'vm']),
  name: z.string(),
  before: z.string().nullable(),
  after: z.string().nullable(),
});
export type RuleChangeEntry = z.infer<typeof RuleChangeEntry>;

export const EndedFlow = z.object({
  id: z.string(),
  rule: z.string().describe('the rule that does not allow it; default: none does'),
  localAddress: z.string(),
  localPort: z.number().int(),
  remoteAddress: z.string(),
  remotePort: z.number().int(),
  program: z.string().nullable(),
  path: z.string(),
});
export type EndedFlow = z.infer<typeof EndedFlow>;

/** What a change did, or with dryRun would do. */
export const RulesChanged = z.object({
  revision: z.number().int().describe('in force after it'),
  changes: z.array(RuleChangeEntry),
  flows: z.array(EndedFlow).describe('live flows that it ends'),
});
export type RulesChanged = z.infer<typeof RulesChanged>;

/** POST /v1/rules/test */
export const RulesTest = z.strictObject({
  vm: z.string().max(64),
  direction: z.enum(['ingress', 'egress']),
  remoteAddress: z.union([z.ipv4(), z.ipv6()]),
  protocol: z.number().int().min(0).max(255),
  port: z.number().int().min(0).max(65535).optional(),
  type: z.number().int().min(0).max(255).optional(),
  code: z.number().int().min(0).max(255).optional(),
});
export type RulesTest = z.infer<typeof RulesTest>;

export const RulesVerdict = z.object({
  host: z.string(),
  vm: z.string(),
  direction: z.enum(['ingress', 'egress']),
  action: z.enum(['allow', 'deny']),
  rule: z.string().describe('default: no rule matches'),
  group: z.string().nullable(),
  auditAction: z
    .enum(['allow', 'deny'])
    .nullable()
    .describe('with the groups in audit mode enforced; null: none is'),
  auditRule: z.string().nullable(),
});
export type RulesVerdict = z.infer<typeof RulesVerdict>;

/** Readers of what a vsockd of any version says. */
export const seenEndedFlow = seenReader<EndedFlow>(EndedFlow, 'id');
export const seenRuleChange = seenReader<RuleChangeEntry>(RuleChangeEntry, 'name');
export const seenVerdict = seenReader<RulesVerdict>(RulesVerdict, 'vm');
