import { z } from 'zod';

/** How a flow’s bytes travel now. */
export const flowPaths = ['tcp', 'shm', 'rdma', 'link'] as const;

/**
 * Why a flow is on `tcp`, or why one on a fast path does not move: the code is stable, the text is for people. The
 * first that applies is shown.
 */
export const flowReasons = {
  'no-library': 'the program runs without libvsocket, or reached no vsockd when it connected',
  short: 'below the upgrade threshold',
  'no-room': 'no free slot in the VM’s shared memory',
  'remote-host': 'the other end is on another host, and this host is not linked to others',
  'not-a-vm': 'the other end is not a VM of this network',
  'link-down': 'the link to the other end’s host is down',
  'no-rdma': 'there is no RDMA to the other end’s host, and flows may not take the link',
  'software-rdma':
    'the only RDMA there is to the other end’s host is the kernel’s software, which is slower than TCP',
  returning: 'it goes back to a fast path with its next bytes',
  busy: 'processors are scarce, and TCP is the better way until they are not',
  'same-vm': 'both ends are in one VM',
  'peer-without-vsocket': 'the other end has not asked for vSocket',
  'not-carried': 'no two VMs could share a ring for it: its other end is in the VM, or it is no connection',
  excluded:
    'the guest’s owner keeps the program, port or address on TCP (/etc/vsocket/exclude, VSOCKET_EXCLUDE)',
  shared: 'several processes had the socket before it was worth a ring',
  'standard-stream': 'the socket is descriptor 0, 1 or 2, which the C library reads and writes by itself',
  stdio: 'the socket has a C stream (fdopen, dprintf)',
  'handed-on': 'the socket was handed to another program, by exec or in a message',
  inherited: 'the program got the socket by exec',
  'socket-option': 'a socket option is set that only TCP carries',
  call: 'the program made a call that only TCP carries (splice, a flag of recv or send)',
  'urgent-data': 'the program uses urgent data (MSG_OOB)',
  sandbox: 'the program has locked itself into a sandbox (seccomp)',
  'shared-epoll': 'several processes use the epoll instance that watches it',
  'behind-library': 'bytes came over TCP that were written past libvsocket; the flow was reset',
  'host-only': 'its host lets it through, and the VM’s kernel does not show it',
  denied: 'the rules of the VM do not allow the connection',
  refused: 'the claim did not match the VM’s connections',
} as const;

export const flowReasonCodes = Object.keys(flowReasons) as [
  keyof typeof flowReasons,
  ...(keyof typeof flowReasons)[],
];

export const flowStates = ['established', 'closing', 'reset'] as const;
export const flowDirections = ['in', 'out'] as const;

/** One TCP connection as one VM sees it. Byte counts are payload bytes delivered over all paths. */
export const Flow = z.object({
  id: z.string().describe('VM name and the socket’s kernel cookie, stable for the flow’s life: red1:5003'),
  connectionId: z
    .string()
    .describe('names the connection: the same at both of its ends, on whatever hosts they are'),
  host: z.string().describe('host on which the VM runs'),
  vm: z.string(),
  tenant: z.string(),
  vni: z.number().int().describe('VxLAN network identifier'),
  direction: z.enum(flowDirections).describe('in: the VM accepted the connection; out: it connected'),
  localAddress: z.string(),
  localPort: z.number().int(),
  remoteAddress: z.string(),
  remotePort: z.number().int(),
  remoteVm: z.string().nullable().describe('the VM at the other end where this host knows it'),
  remoteHost: z.string().nullable().describe('the host at the other end, where it is another one and known'),
  program: z.string().nullable().describe('name of the program, as its library gave it'),
  pid: z.number().int().nullable().describe('process id as the host sees it'),
  path: z.enum(flowPaths),
  reason: z
    .enum(flowReasonCodes)
    .nullable()
    .describe('why the flow is on tcp or does not move; null on a fast path'),
  rule: z
    .string()
    .nullable()
    .describe('the rule of its VM that allows it; default: its tenant’s default does; null: none does'),
  queuePair: z.number().int().nullable().describe('number of the RDMA queue pair that carries it'),
  state: z.enum(flowStates),
  txBytes: z
    .number()
    .int()
    .nullable()
    .describe('bytes that the VM sent and that were delivered; null: nobody counts them'),
  rxBytes: z.number().int().nullable().describe('bytes that were delivered to the VM'),
  txBytesPerSecond: z.number().nullable(),
  rxBytesPerSecond: z.number().nullable(),
  establishedAt: z.iso.datetime().describe('when this host first saw the flow'),
});
export type Flow = z.infer<typeof Flow>;
