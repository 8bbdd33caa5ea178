import { z } from 'zod';

/** A change that somebody asked a host for, from its audit log. */
export const AuditRow = z.object({
  id: z.string().describe('name of the change; a change of several hosts has one on each'),
  host: z.string(),
  at: z.iso.datetime(),
  user: z.string().nullable().describe('who asked, as the kernel says'),
  uid: z.number().int().nullable(),
  sshClient: z.string().nullable().describe('address that the user came from'),
  command: z.string(),
  outcome: z
    .enum(['done', 'failed', 'unfinished'])
    .describe('unfinished: vsockd ended meanwhile, or is at it'),
  what: z.string().describe('what was asked, as JSON'),
  result: z.string().nullable().describe('what became of it, as JSON'),
});
export type AuditRow = z.infer<typeof AuditRow>;
