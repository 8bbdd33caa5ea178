import { z } from 'zod';

/** One entry of a port’s GID table that is in use. */
export const Gid = z.object({
  index: z.number().int(),
  gid: z.string().describe('as an IPv6 address'),
  type: z.string().nullable().describe('IB, RoCE v1 or RoCE v2'),
});
export type Gid = z.infer<typeof Gid>;

/** What a device can have at most. */
export const DeviceLimits = z.object({
  queuePairs: z.number().int(),
  workRequests: z.number().int().describe('of one queue'),
  scatterEntries: z.number().int().describe('of one work request'),
  completionQueues: z.number().int(),
  completions: z.number().int().describe('of one completion queue'),
  memoryRegions: z.number().int(),
  memoryRegionBytes: z.number().describe('of one region'),
  protectionDomains: z.number().int(),
  sharedReceiveQueues: z.number().int(),
});
export type DeviceLimits = z.infer<typeof DeviceLimits>;

const fromVerbs = 'null where libibverbs is not there';

/** Why vsockd leaves a device alone. */
export const deviceReasons = ['software-rdma'] as const;

/** One port of an RDMA device. What the kernel does not tell is null. */
export const Device = z.object({
  id: z.string().describe('device and port, as the command rdma writes them: rxe0/1'),
  host: z.string(),
  device: z.string(),
  port: z.number().int(),
  state: z
    .string()
    .nullable()
    .describe(
      'of the port, in the kernel’s words: ACTIVE, DOWN, ...; gone: the device was here a minute ago',
    ),
  physicalState: z.string().nullable().describe('LINK_UP, DISABLED, POLLING, ...'),
  protocol: z.string().nullable().describe('ib, roce, iw, ...'),
  driver: z.string().nullable().describe('of the device: mlx5, irdma, rxe, ...'),
  reason: z
    .enum(deviceReasons)
    .nullable()
    .describe(
      'why vsockd does not use it: software-rdma, it is the kernel’s software and link.rdma.software is off',
    ),
  linkLayer: z.string().nullable().describe(`Ethernet or InfiniBand; ${fromVerbs}`),
  netdev: z.string().nullable().describe('network interface of the port'),
  rateBitsPerSecond: z.number().nullable().describe(fromVerbs),
  activeMtuBytes: z.number().int().nullable().describe(fromVerbs),
  maximumMtuBytes: z.number().int().nullable().describe(fromVerbs),
  lid: z.number().int().nullable().describe('address in an InfiniBand subnet'),
  gids: z.array(Gid).nullable().describe(fromVerbs),
  firmware: z.string().nullable(),
  nodeGuid: z.string().nullable(),
  systemImageGuid: z.string().nullable(),
  limits: DeviceLimits.nullable().describe(fromVerbs),
  inUse: z
    .record(z.string(), z.number().int())
    .describe('objects that the device has now, by the kernel’s name: qp, cq, mr, pd, cm_id, ctx, srq'),
});
export type Device = z.infer<typeof Device>;
