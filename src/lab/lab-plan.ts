import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { LabPaths } from './lab-paths.js';

/** What was asked for when the lab was brought up. */
export const LabPlan = z.strictObject({
  /** Flows between hosts go over the link where there is no RDMA. */
  carryWithoutRdma: z.boolean(),
  /** Each host is an emulated machine with a kernel of its own, which has RDMA. */
  rdma: z.boolean(),
});
export type LabPlan = z.infer<typeof LabPlan>;

export const writePlan = (paths: LabPaths, plan: LabPlan): Promise<void> =>
  writeFile(paths.plan, `${JSON.stringify(plan)}\n`);

/** Null where there is no lab, or the ruin of one that had not got so far. */
export async function readPlan(paths: LabPaths): Promise<LabPlan | null> {
  const text = await readFile(paths.plan, 'utf8').catch(() => null);
  return text === null ? null : LabPlan.parse(JSON.parse(text));
}
