import { z } from 'zod';
import { seenReader } from './seen.js';

/** A hypervisor as its own vsockd sees it. */
export const Host = z.object({
  name: z.string(),
  version: z.string(),
  apiVersion: z.number().int().describe('changes with what breaks a client'),
  apiRevision: z.number().int().describe('grows with what is added'),
  startedAt: z.iso.datetime(),
  vms: z.number().int(),
  flows: z.number().int(),
  fastFlows: z.number().int(),
  busyFlows: z.number().int().describe('flows that rest on tcp while processors are scarce (reason busy)'),
  txBytesPerSecond: z.number(),
  rxBytesPerSecond: z.number(),
  rdmaDevices: z.number().int(),
  rdmaReason: z
    .string()
    .nullable()
    .describe(
      'why there is no RDMA device, why none is used (software-rdma: ...), or why not all is known of them',
    ),
  upgradeAfterCalls: z
    .number()
    .int()
    .describe('data calls on a connection before its program asks for a fast path'),
  upgradeAfterBytes: z.number().int().describe('bytes after which it asks all the same'),
});
export type Host = z.infer<typeof Host>;

/** Reads what a vsockd of any version says of its host. */
export const seenHost = seenReader<Host>(Host, 'name');
