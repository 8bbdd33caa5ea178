import type { KillOutcome, KillRequest } from '../../api/kill.js';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import type { FlowWithConnection } from '../flows/flow-snapshot.js';
import type { FlowWatch } from '../flows/flow-watch.js';
import type { VmDirectory } from '../flows/vm-directory.js';
import type { Connection } from '../observer/connection.js';
import { Pace } from '../pace.js';

/**
 * The flows that a request means, as they are now.
 * @throws VsocketError when it names a VM that is not on this host
 */
export async function matchingFlows(
  request: KillRequest,
  watch: FlowWatch,
  directory: VmDirectory,
  isOpen: (connection: Connection) => boolean,
): Promise<FlowWithConnection[]> {
  if ('vm' in request) {
    if (directory.named(request.vm) === undefined)
      throw new VsocketError(
        'no-such-vm',
        `no VM ${JSON.stringify(request.vm)} on this host`,
        '',
        ExitCode.notFound,
      );
    return (await watch.newSnapshot()).ofVm(request.vm);
  }
  const ids = [...new Set(request.ids)];
  const snapshot = await watch.snapshotWith(ids);
  const flows: FlowWithConnection[] = [];
  const pace = new Pace();
  for (const id of ids) {
    if (pace.isDue) await pace.rest();
    const found = snapshot.find(id);
    // The table may be from before it closed; to ask for one socket is nothing beside asking for all.
    if (found !== null && isOpen(found.connection)) flows.push(found);
  }
  return flows;
}

/** An outcome for each id that was asked for and is no flow. */
export function notFound(request: KillRequest, found: readonly FlowWithConnection[]): KillOutcome[] {
  if ('vm' in request) return [];
  const ids = new Set(found.map(({ flow }) => flow.id));
  return [...new Set(request.ids)]
    .filter((id) => !ids.has(id))
    .map((id) => ({ id, outcome: 'not-found', detail: 'no such flow on this host' }));
}
