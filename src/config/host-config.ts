import { z } from 'zod';

/** As `vsockctl devices` has them. */
export const gidTypes = ['IB', 'RoCE v1', 'RoCE v2'] as const;

const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/i);

/** Without what means something to nft within quotes. */
const interfaceName = z.string().regex(/^[^\s"*\\/]{1,15}$/, 'an interface’s name has 1 to 15 characters');

/** How vsockd reaches the memory that the VM owns (it outlives vsockd): a sealed memfd of a process, opened by path. */
const memory = z.strictObject({
  path: z.string().describe('/proc/PID/fd/N of the process that holds the VM’s memfd'),
});

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
});
export type VmConfig = z.infer<typeof VmConfig>;

/** A device, or one port of it, as `vsockctl devices` names it. */
const deviceOrPort = z
  .string()
  .regex(/^[a-z0-9_.-]{1,63}(\/[0-9]{1,3})?$/i, 'a device or a port of one: mlx5_0 or mlx5_0/1');

/** How this host uses RDMA. docs/rdma-settings.md tells what each setting is for. */
export const RdmaConfig = z.strictObject({
  enabled: z.boolean().default(true),
  software: z
    .boolean()
    .default(false)
    .describe('use devices that are software (rxe, siw), too; flows are slower there than on TCP'),
  devices: z
    .array(deviceOrPort)
    .min(1)
    .optional()
    .describe('only these, the first of them with an active port; else the first of all'),
  queuePairs: z.number().int().min(1).max(8).default(2).describe('reliable connections to each other host'),
  gidType: z.enum(gidTypes).optional().describe('only addresses of this type; else RoCE v2 first'),
  gidIndex: z.number().int().min(0).max(255).optional().describe('of the port’s address; else chosen'),
  mtuBytes: z
    .union([z.literal(256), z.literal(512), z.literal(1024), z.literal(2048), z.literal(4096)])
    .optional()
    .describe('path MTU at most; else the port’s active MTU'),
  trafficClass: z
    .number()
    .int()
    .min(0)
    .max(255)
    .default(0)
    .describe('of the packets: with RoCE v2 the DSCP times 4, so 104 is DSCP 26'),
  serviceLevel: z
    .number()
    .int()
    .min(0)
    .max(15)
    .default(0)
    .describe('with RoCE the Ethernet priority, 0 to 7'),
  timeout: z
    .number()
    .int()
    .min(1)
    .max(31)
    .default(16)
    .describe('4.096 us times 2 to this power until a packet is sent again: 16 is 0.27 s'),
  retryCount: z
    .number()
    .int()
    .min(0)
    .max(7)
    .default(5)
    .describe('how often, until the path counts as broken'),
  rnrRetryCount: z
    .number()
    .int()
    .min(0)
    .max(7)
    .default(7)
    .describe('how often where the other host is not ready to receive; 7 is for ever'),
});
export type RdmaConfig = z.infer<typeof RdmaConfig>;

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
  rdma: RdmaConfig.prefault({}),
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
  link: LinkConfig.optional(),
  vms: z.array(VmConfig),
});
export type HostConfig = z.infer<typeof HostConfig>;
