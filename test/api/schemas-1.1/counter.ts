import { z } from 'zod';

/** Where a counter comes from. */
export const counterSources = {
  port: 'the standard counters of a port',
  hardware: 'the driver’s own counters of a port or device; those of rdma statistic',
  'queue-pair': 'a counter set to which queue pairs are bound',
} as const;

export const counterSourceNames = Object.keys(counterSources) as [
  keyof typeof counterSources,
  ...(keyof typeof counterSources)[],
];

/** One counter of an RDMA device, port or bound set of queue pairs. */
export const Counter = z.object({
  id: z.string().describe('device, port and name: rxe0/1/sent_pkts'),
  host: z.string(),
  device: z.string(),
  port: z.number().int().nullable().describe('null: of the whole device'),
  source: z.enum(counterSourceNames),
  set: z.number().int().nullable().describe('number of the counter set, where queue pairs are bound to it'),
  lqpns: z.array(z.number().int()).describe('the queue pairs that are bound'),
  name: z.string().describe('the kernel’s name'),
  value: z.number().describe('bytes for port_xmit_data and port_rcv_data, which count units of four'),
  unit: z.enum(['count', 'bytes']),
  perSecond: z.number().nullable().describe('over the last second or so; null until it is known'),
});
export type Counter = z.infer<typeof Counter>;
