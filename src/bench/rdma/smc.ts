import { z } from 'zod';
import { rdmaDevice, rdmaInterface } from '../../lab/topology.js';
import { pathOf } from '../compile-programs.js';
import type { OnHost } from './carried-by-rdma.js';

const enterprise = 'VSOCKET-BENCH';

/** Since the machine’s start. */
const Counts = z.object({
  /** That became SMC-R; whoever asks and whoever serves. */
  connections: z.number(),
  failures: z.number(),
  fallbacks: z.number(),
  /** The last reason to fall back, one of SMC_CLC_DECL_* of net/smc/smc_clc.h in the kernel. */
  reason: z.string(),
});

/** The preload library that turns a program’s TCP sockets into SMC sockets, as smc_run does. */
export const withSmc = (command: readonly string[]): string[] => [
  'env',
  `LD_PRELOAD=${pathOf('smc-preload')}`,
  ...command,
];

/**
 * Makes a host ready for SMC-R on its RDMA device.
 * @param module the file of the kernel module that SMC-R needs on Soft-RoCE
 */
export async function enableSmc(onHost: OnHost, module: string): Promise<void> {
  await onHost(['insmod', module]);
  await onHost([pathOf('smc-host'), 'enable', enterprise, rdmaInterface, rdmaDevice]);
}

/** The kernel’s own word on each connection: SMC-R, or TCP after all. */
export async function watchSmc(onHost: OnHost): Promise<() => Promise<string | null>> {
  const counts = async (): Promise<z.infer<typeof Counts>> =>
    Counts.parse(JSON.parse(await onHost([pathOf('smc-host'), 'counts'])));
  const before = await counts();
  return async () => {
    const after = await counts();
    const fallbacks = after.fallbacks - before.fallbacks;
    if (fallbacks > 0) return `SMC-R fell back to TCP (${fallbacks} connections, reason ${after.reason})`;
    const failures = after.failures - before.failures;
    if (failures > 0) return `SMC-R failed to shake hands (${failures} connections)`;
    return after.connections > before.connections ? null : 'no connection became SMC-R';
  };
}
