import { z } from 'zod';

/** The link of a host to another one. */
export const HostLink = z.object({
  id: z.string().describe('the two hosts: hv1-hv2'),
  host: z.string(),
  peerHost: z.string().describe('the host at the other end'),
  state: z.enum(['down', 'connecting', 'up']),
  path: z
    .enum(['rdma', 'link', 'none'])
    .describe('what carries flows between the two: RDMA, the link itself, or nothing (they stay on tcp)'),
  reason: z.string().nullable().describe('why it is down, or why there is no RDMA'),
  device: z.string().nullable().describe('the RDMA device in use'),
  queuePairs: z.number().int().describe('queue pairs between the two'),
  flows: z.number().int().describe('flows to that host that take the link’s path now'),
  changedAt: z.iso.datetime().nullable().describe('when state and path became what they are'),
});
export type HostLink = z.infer<typeof HostLink>;
