import { z } from 'zod';

/** Something that a VM makes vsockd do, and how much of it it may. */
export const VmBudget = z.object({
  name: z
    .enum(['looks', 'claims', 'connects', 'bells', 'logLines', 'connections'])
    .describe(
      'as the limit in vsockd’s configuration; connections are those that are open, the rest is a second',
    ),
  used: z.number().int(),
  limit: z.number().int(),
  exceeded: z
    .number()
    .int()
    .describe('how often it was used up, and the VM had to wait, since vsockd’s start'),
});
export type VmBudget = z.infer<typeof VmBudget>;

/** A guest of one host. Byte counts cover all flows that the VM ever had, the closed ones too. */
export const Vm = z.object({
  name: z.string(),
  host: z.string(),
  tenant: z.string(),
  vni: z.number().int(),
  addresses: z.array(z.string()),
  interface: z.string().describe('the host’s end of the VM’s network interface'),
  problem: z
    .string()
    .nullable()
    .describe('why it cannot be served, or not all of it be seen; null: it is served'),
  processes: z.number().int().describe('processes with libvsocket that are connected now'),
  flows: z.number().int(),
  fastFlows: z.number().int().describe('flows that are not on path tcp'),
  busyFlows: z.number().int().describe('flows that rest on tcp while processors are scarce (reason busy)'),
  txBytes: z.number().int(),
  rxBytes: z.number().int(),
  txBytesPerSecond: z.number(),
  rxBytesPerSecond: z.number(),
  budgets: z.array(VmBudget),
  exceeded: z.number().int().describe('how often any of its budgets was used up'),
});
export type Vm = z.infer<typeof Vm>;
