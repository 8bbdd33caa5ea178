import { z } from 'zod';
import { seenReader } from './seen.js';

/** POST /v1/flows/kill: either ids or one VM’s flows. */
export const KillRequest = z.union([
  z.strictObject({ ids: z.array(z.string().max(128)).min(1).max(10_000) }),
  z.strictObject({ vm: z.string().max(64) }),
]);
export type KillRequest = z.infer<typeof KillRequest>;

/** A client names its change in this header (a UUID), so that it can be found in the audit log. */
export const changeHeader = 'x-vsocket-change';

export const KillOutcome = z.object({
  id: z.string(),
  outcome: z.enum(['reset', 'not-found', 'failed']),
  detail: z.string().describe('one line for people; empty when there is nothing to say'),
});
export type KillOutcome = z.infer<typeof KillOutcome>;

export const KillResponse = z.object({ outcomes: z.array(KillOutcome) });
export type KillResponse = z.infer<typeof KillResponse>;

/** Reads an outcome that a vsockd of any version sent. */
export const seenKillOutcome = seenReader<KillOutcome>(KillOutcome, 'id');
