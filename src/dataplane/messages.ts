import { z } from 'zod';
import { RulesState } from '../rules/host-rules.js';
import { emptyRuleSet } from '../rules/rule-set.js';

/** A socket by its VM and its cookie (SO_COOKIE); cookies of two VMs’ kernels may be the same. */
export const SocketName = z.object({ vm: z.string(), cookie: z.bigint() });
export type SocketName = z.infer<typeof SocketName>;

/** What vsockd’s two processes say to each other over Node’s IPC (serialization `advanced`). */
export const DataPlaneCommand = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('configure'),
    config: z.unknown(),
    version: z.string().default(''),
    rules: RulesState.default({ ruleSet: emptyRuleSet, addresses: {} }),
  }),
  z.object({ type: z.literal('rules'), rules: RulesState }),
  z.object({ type: z.literal('end-denied') }),
  z.object({ type: z.literal('reset'), sockets: z.array(SocketName) }),
]);
export type DataPlaneCommand = z.infer<typeof DataPlaneCommand>;

export type LogLevel = 'info' | 'warn' | 'error';

export const DataPlaneReport = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('vm'), name: z.string(), problem: z.string().nullable() }),
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
