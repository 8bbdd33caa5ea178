import { z } from 'zod';
import type { OptionSpec } from './command.js';
import { ListInput } from './shared-options.js';

const units: Record<string, number> = { s: 1, m: 60, h: 3600 };

const duration = z
  .string()
  .regex(/^\d{1,6}[smh]?$/, 'expects a time such as 30s, 5m or 1h')
  .transform((text) => Number.parseInt(text) * (units[text.at(-1) ?? ''] ?? 1))
  .refine((value) => value >= 1 && value <= 86_400, 'expects 1s to 24h');

const number = (most: number): z.ZodType<number> =>
  z
    .string()
    .regex(/^\d{1,5}$/, 'expects a number')
    .transform(Number)
    .refine((value) => value <= most, `expects at most ${String(most)}`);

export const RulesInput = ListInput.extend({
  arguments: z.array(z.string()),
  file: z.string().optional(),
  dryRun: z.boolean().default(false),
  confirm: duration.optional(),
  note: z.string().max(256, 'a note has at most 256 characters').optional(),
  yes: z.boolean().default(false),
  from: z.string().optional(),
  to: z.string().optional(),
  protocol: z.string().default('tcp'),
  port: number(65_535).optional(),
  type: number(255).optional(),
});
export type RulesInput = z.infer<typeof RulesInput>;

/** Options of everything that changes rules. */
export const changeOptions: readonly OptionSpec[] = [
  { long: 'dry-run', summary: 'list the changes, and each live flow that would end; change nothing' },
  { long: 'confirm', value: 'TIME', summary: 'take the change back after this time, unless it is confirmed' },
  { long: 'note', value: 'TEXT', summary: 'why, for the history' },
  { long: 'yes', short: 'y', summary: 'do not ask though live flows end' },
];
