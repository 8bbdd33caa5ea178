import { down } from './down.js';
import { withLabsLocked } from './lab-lock.js';
import type { LabPaths } from './lab-paths.js';
import { readPlan, type LabPlan } from './lab-plan.js';
import { removeKeeperless } from './remove-keeperless.js';
import { up } from './up.js';
import { continueInside, endKeeper, rootless, runningKeeper, startKeeper } from './user-namespace.js';

/** `vsocket-lab up`; returns whether anything had to be done. */
export const openLab = (paths: LabPaths, plan: LabPlan): Promise<boolean> =>
  withLabsLocked(paths, async () => {
    if (!rootless || plan.rdma) {
      return up(paths, plan).catch(async (error: unknown) => {
        await endKeeper(paths);
        throw error;
      });
    }
    let keeper = await runningKeeper(paths);
    if (keeper === null) {
      await removeKeeperless(paths);
      keeper = await startKeeper(paths);
    }
    return continueInside(paths, keeper);
  });

/** `vsocket-lab down`. */
export const closeLab = (paths: LabPaths): Promise<void> =>
  withLabsLocked(paths, async () => {
    if (!rootless || (await readPlan(paths))?.rdma) {
      await down(paths);
      return endKeeper(paths);
    }
    const keeper = await runningKeeper(paths);
    if (keeper !== null) return continueInside(paths, keeper);
    await removeKeeperless(paths);
  });
