import { z } from 'zod';

const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/i);

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
  interface: z.string().min(1).max(15).describe('host end of the VM’s network interface'),
  networkNamespace: z.string().describe('path of the VM’s network namespace, /proc/PID/ns/net'),
  channel: z.string().describe('path of the Unix socket on which the VM’s processes reach vsockd'),
  memory,
});
export type VmConfig = z.infer<typeof VmConfig>;

/** vsockd’s configuration file (JSON). Times and sizes carry their units. */
export const HostConfig = z.strictObject({
  host: name,
  runtimeDirectory: z.string().default('/run/vsocket').describe('sockets and the flow ledger; on tmpfs'),
  auditLog: z.string().default('/var/log/vsocket/audit.jsonl'),
  bridges: z
    .array(z.strictObject({ vni: z.number().int(), bridge: z.string(), vxlan: z.string() }))
    .default([]),
  upgradeAfterCalls: z.number().int().min(0).default(16),
  upgradeAfterBytes: z
    .number()
    .int()
    .min(0)
    .default(256 * 1024),
  guestSpinMicroseconds: z.number().int().min(0).max(10_000).default(50),
  hostSpinMicroseconds: z.number().int().min(0).max(10_000).default(100),
  vms: z.array(VmConfig),
});
export type HostConfig = z.infer<typeof HostConfig>;
