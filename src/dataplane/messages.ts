import { z } from 'zod';

/** What vsockd’s two processes say to each other over Node’s IPC (serialization `advanced`). */
export const DataPlaneCommand = z.discriminatedUnion('type', [
  z.object({ type: z.literal('configure'), config: z.unknown(), version: z.string().default('') }),
  z.object({ type: z.literal('reset'), cookies: z.array(z.bigint()) }),
]);
export type DataPlaneCommand = z.infer<typeof DataPlaneCommand>;

export type LogLevel = 'info' | 'warn' | 'error';

export const DataPlaneReport = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({
    type: z.literal('log'),
    level: z.enum(['info', 'warn', 'error']),
    message: z.string(),
    fields: z.record(z.string(), z.unknown()),
  }),
]);
export type DataPlaneReport = z.infer<typeof DataPlaneReport>;

export function parseCommand(message: unknown): DataPlaneCommand {
  return DataPlaneCommand.parse(message);
}

export function report(message: DataPlaneReport): void {
  process.send?.(message);
}
