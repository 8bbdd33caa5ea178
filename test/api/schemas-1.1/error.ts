import { z } from 'zod';

/** The body of every answer that is not 2xx. */
export const ApiError = z.object({
  code: z.string().describe('stable, kebab-case'),
  message: z.string().describe('one line: what, which, why, what to do'),
});
export type ApiError = z.infer<typeof ApiError>;
