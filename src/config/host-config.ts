import { z } from 'zod';

const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/i);

/** Without what means something to nft within quotes. */
const interfaceName = z.string().regex(/^[^\s"*\\/]{1,15}$/, 'an interface’s name has 1 to 15 characters');

/** How vsockd reaches the memory that the VM owns (it outlives vsockd): a sealed memfd of a process, opened by path. */
const memory = z.strictObject({
  path: z.string().describe('/proc/PID/fd/N of the process that holds the VM’s memfd'),
});

const perSecond = (most: number, text: string): z.ZodNumber =>
  z.number().int().min(1).max(most).describe(`${text}; four seconds’ worth at once`);

/** What one VM may make vsockd do. A VM that wants more waits for it; the others are served meanwhile. */
export const VmLimits = z.strictObject({
  looksPerSecond: perSecond(
    100_000_000,
    'looks at its slots that find nothing to do; one that finds nonsense counts as 20, one that asks the kernel as 50',
  ),
  claimsPerSecond: perSecond(1_000_000, 'claims that are refused'),
  connectsPerSecond: perSecond(1_000_000, 'new connections on its channel'),
  bellsPerSecond: perSecond(100_000_000, 'bytes by which it wakes vsockd'),
  logLinesPerSecond: perSecond(10_000, 'lines that it causes in the log'),
  connections: z.number().int().min(1).max(8192).describe('connections on its channel'),
});
export type VmLimits = z.infer<typeof VmLimits>;

/** Far above what honest programs use (measured), and far below what others notice. */
export const usualLimits: VmLimits = {
  looksPerSecond: 100_000,
  claimsPerSecond: 500,
  connectsPerSecond: 500,
  bellsPerSecond: 50_000,
  logLinesPerSecond: 2,
  connections: 8192,
};

export const VmConfig = z.strictObject({
  name,
  tenant: name,
  vni: z.number().int().min(1).max(0xff_ffff),
  addresses: z.array(z.union([z.ipv4(), z.ipv6()])).min(1),
  mac: z.string().regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/),
  interface: interfaceName.describe('host end of the VM’s network interface'),
  networkNamespace: z.string().describe('path of the VM’s network namespace, /proc/PID/ns/net'),
  channel: z.string().describe('path of the Unix socket on which the VM’s processes reach vsockd'),
  memory,
  limits: VmLimits.partial().optional().describe('where they are not those of vmLimits'),
});
export type VmConfig = z.infer<typeof VmConfig>;

/** How this host is linked to others: absent, its flows to VMs on other hosts stay on TCP. */
export const LinkConfig = z.strictObject({
  listen: z.strictObject({
    address: z.union([z.ipv4(), z.ipv6()]),
    port: z.number().int().min(1).max(65535),
  }),
  certificate: z.string().describe('PEM file; the name in it (CN and DNS name) is this host’s name'),
  key: z.string().describe('PEM file of its private key'),
  authority: z
    .string()
    .describe('PEM file of the certificate authority that every host’s certificate is from'),
  directory: z
    .string()
    .describe('JSON file that says which host has which address; read again when it changes'),
  keepaliveMilliseconds: z.number().int().min(50).max(60_000).default(1000),
  carryWithoutRdma: z
    .boolean()
    .default(false)
    .describe('path `link`: where RDMA cannot be used, flows go over the link’s TLS instead of plain TCP'),
  rdma: z
    .strictObject({
      enabled: z.boolean().default(true),
      device: z.string().max(64).optional().describe('only this device; else the first with an active port'),
      queuePairs: z
        .number()
        .int()
        .min(1)
        .max(8)
        .default(2)
        .describe('reliable connections to each other host'),
    })
    .default({ enabled: true, queuePairs: 2 }),
});
export type LinkConfig = z.infer<typeof LinkConfig>;

/** vsockd’s configuration file (JSON). Times and sizes carry their units. */
export const HostConfig = z.strictObject({
  host: name,
  runtimeDirectory: z.string().default('/run/vsocket').describe('sockets and the flow ledger; on tmpfs'),
  auditLog: z.string().default('/var/log/vsocket/audit.jsonl'),
  rulesDirectory: z.string().default('/var/lib/vsocket/rules').describe('security groups, a file a revision'),
  bridges: z
    .array(z.strictObject({ vni: z.number().int(), bridge: interfaceName, vxlan: interfaceName }))
    .default([]),
  upgradeAfterCalls: z.number().int().min(0).default(16),
  upgradeAfterBytes: z
    .number()
    .int()
    .min(0)
    .default(256 * 1024),
  guestSpinMicroseconds: z.number().int().min(0).max(10_000).default(50),
  hostSpinMicroseconds: z.number().int().min(0).max(10_000).default(100),
  tcpWhenBusy: z
    .boolean()
    .default(true)
    .describe('flows go back to TCP while processors are scarce and rings would be the slower way'),
  vmLimits: VmLimits.partial()
    .default({})
    .transform((given) => VmLimits.parse({ ...usualLimits, ...given }))
    .describe('what each VM may make vsockd do'),
  link: LinkConfig.optional(),
  vms: z.array(VmConfig),
});
export type HostConfig = z.infer<typeof HostConfig>;
