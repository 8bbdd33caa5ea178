import { z } from 'zod';

/** Who made an object. */
const owner = {
  pid: z.number().int().nullable().describe('process that made it; null for the kernel’s own'),
  program: z.string().nullable().describe('its name; in brackets a part of the kernel: [ib_core]'),
};

const device = {
  host: z.string(),
  device: z.string().describe('name of the RDMA device'),
};

const port = z.number().int().nullable();
const context = z.number().int().nullable().describe('number of the process’s context of the device');
const users = z.number().int().nullable().describe('objects that use it');
const domain = z.number().int().nullable().describe('number of its protection domain');

/** A queue pair, whoever made it; with what it carries where it is one of vsockd’s own. */
export const QueuePair = z.object({
  id: z.string().describe('device and number: rxe0/17'),
  ...device,
  port,
  lqpn: z.number().int().describe('its number'),
  rqpn: z.number().int().nullable().describe('number of the queue pair at the other end'),
  type: z.string().nullable().describe('RC, UC, UD, GSI, ...'),
  state: z.string().nullable().describe('RESET, INIT, RTR, RTS, SQD, SQE or ERR'),
  sqPsn: z.number().int().nullable().describe('packet number that it sends next'),
  rqPsn: z.number().int().nullable().describe('packet number that it expects next'),
  pathMigrationState: z.string().nullable(),
  pdn: domain,
  ...owner,
  peerHost: z.string().nullable().describe('host at the other end; null where the pair is not vsockd’s'),
  flows: z.number().int().nullable().describe('flows that vsockd carries over it'),
  txBytes: z.number().int().nullable().describe('bytes of flows that vsockd has sent over it'),
  rxBytes: z.number().int().nullable(),
  txBytesPerSecond: z.number().nullable().describe('null until there were two looks'),
  rxBytesPerSecond: z.number().nullable(),
});
export type QueuePair = z.infer<typeof QueuePair>;
/** What vsockd knows of its own; the rest is the kernel’s word. */
export type QueuePairUse = Pick<QueuePair, 'peerHost' | 'flows' | `${'tx' | 'rx'}Bytes${'' | 'PerSecond'}`>;

export const CompletionQueue = z.object({
  id: z.string().describe('device and number: rxe0/3'),
  ...device,
  cqn: z.number().int().describe('its number'),
  completions: z.number().int().nullable().describe('room for so many'),
  users,
  pollContext: z.string().nullable().describe('how the kernel polls one of its own'),
  adaptiveModeration: z.boolean().nullable(),
  ctxn: context,
  ...owner,
});
export type CompletionQueue = z.infer<typeof CompletionQueue>;

/** Its keys are not told: whoever may only look has no need of them. */
export const MemoryRegion = z.object({
  id: z.string().describe('device and number: rxe0/5'),
  ...device,
  mrn: z.number().int().describe('its number'),
  lengthBytes: z.number().nullable(),
  pdn: domain,
  ...owner,
});
export type MemoryRegion = z.infer<typeof MemoryRegion>;

export const ProtectionDomain = z.object({
  id: z.string().describe('device and number: rxe0/2'),
  ...device,
  pdn: z.number().int().describe('its number'),
  users,
  ctxn: context,
  ...owner,
});
export type ProtectionDomain = z.infer<typeof ProtectionDomain>;

/** An endpoint of the kernel’s RDMA connection manager. */
export const CmId = z.object({
  id: z.string().describe('device and number: rxe0/0'),
  ...device,
  port,
  cmIdn: z.number().int().describe('its number'),
  lqpn: z.number().int().nullable().describe('its queue pair'),
  type: z.string().nullable().describe('of its queue pair'),
  state: z.string().nullable().describe('LISTEN, CONNECT, ...'),
  portSpace: z.string().nullable().describe('TCP, UDP, IB or IPOIB'),
  sourceAddress: z.string().nullable(),
  sourcePort: z.number().int().nullable(),
  destinationAddress: z.string().nullable(),
  destinationPort: z.number().int().nullable(),
  ...owner,
});
export type CmId = z.infer<typeof CmId>;
