import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import {
  RulesApply,
  RulesChanged,
  RulesInForce,
  RulesRollback,
  RulesTest,
  RulesVerdict,
} from '../../api/rules-change.js';
import { checkedRuleSet } from '../../rules/parse-rule-set.js';
import type { AuditLog } from '../audit/audit-log.js';
import { route, type Route } from '../server/route.js';
import { AuditedRules } from './audited-rules.js';
import type { RuleKeeper } from './rule-keeper.js';
import { describeOutcome, type RulesApi } from './rules-api.js';

const dryRun = z.strictObject({
  dryRun: z.enum(['true', 'false']).default('false').describe('true: only tell what it would do'),
});

/** The part of the API that is about rules, but for its lists. */
export function ruleRoutes(rules: RulesApi, keeper: RuleKeeper, audit: AuditLog): Route[] {
  const audited = new AuditedRules(keeper, audit);
  return [
    route({
      method: 'GET',
      path: '/v1/rules/set',
      summary: 'The rule set in force, as it was applied',
      right: 'read',
      query: null,
      body: null,
      answer: RulesInForce,
      handle: async () => rules.inForce(),
    }),
    route({
      method: 'POST',
      path: '/v1/rules/test',
      summary: 'What the rules of a VM say of a connection',
      right: 'read',
      query: null,
      body: RulesTest,
      answer: RulesVerdict,
      handle: async ({ body }) => rules.test(body),
    }),
    route({
      method: 'POST',
      path: '/v1/rules/apply',
      summary: 'Take a rule set into force, in one transaction; what it does not allow ends',
      right: 'change',
      query: dryRun,
      body: RulesApply,
      answer: RulesChanged,
      handle: async ({ query, body, change, requester }) => {
        const ruleSet = checkedRuleSet(body.ruleSet);
        audited.refuseOther(body.ifRevision);
        if (query.dryRun === 'true') return describeOutcome(await keeper.plan(ruleSet));
        const { note, confirmSeconds = null, ifRevision } = body;
        const asked = { note, confirmSeconds, ifRevision, ruleSet };
        return audited.change('rules apply', asked, change ?? randomUUID(), requester(), (who) =>
          keeper.apply(ruleSet, { ...who, note, confirmSeconds }),
        );
      },
    }),
    route({
      method: 'POST',
      path: '/v1/rules/rollback',
      summary: 'Go back to an earlier rule set, under a new number',
      right: 'change',
      query: dryRun,
      body: RulesRollback,
      answer: RulesChanged,
      handle: async ({ query, body: { revision, ifRevision }, change, requester }) => {
        audited.refuseOther(ifRevision);
        if (query.dryRun === 'true') return describeOutcome(await keeper.planRollback(revision));
        const asked = { revision, ifRevision };
        return audited.change('rules rollback', asked, change ?? randomUUID(), requester(), (who) =>
          keeper.rollback(revision, who),
        );
      },
    }),
    route({
      method: 'POST',
      path: '/v1/rules/confirm',
      summary: 'Keep a rule set that would be taken back',
      right: 'change',
      query: null,
      body: z.strictObject({}),
      answer: RulesChanged,
      handle: async ({ change, requester }) =>
        audited.change('rules confirm', {}, change ?? randomUUID(), requester(), async () => ({
          revision: await keeper.confirm(),
          changes: [],
          ended: [],
        })),
    }),
  ];
}
