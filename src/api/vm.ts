import { z } from 'zod';

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
});
export type Vm = z.infer<typeof Vm>;
