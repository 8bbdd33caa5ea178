import type { Flow } from '../../api/flow.js';
import type { KillOutcome, KillRequest } from '../../api/kill.js';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import type { FlowWithConnection } from '../flows/flow-snapshot.js';
import type { FlowWatch } from '../flows/flow-watch.js';
import type { VmDirectory } from '../flows/vm-directory.js';
import type { Connection } from '../observer/connection.js';
import { Pace } from '../../pace/pace.js';

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

/** The flows that a request means and that the host alone knows: there is no connection of theirs to reset. */
export async function hostOnlyFlows(request: KillRequest, watch: FlowWatch): Promise<Flow[]> {
  const { hostOnly } = await watch.snapshot();
  if ('vm' in request) return hostOnly.filter(({ vm }) => vm === request.vm);
  const ids = new Set(request.ids);
  return hostOnly.filter(({ id }) => ids.has(id));
}

/** An outcome for each flow that cannot be reset. */
export function notReset(flows: readonly Flow[]): KillOutcome[] {
  const detail =
    'the VM’s kernel shows no such connection, so none can be reset; a rule that denies it ends it';
  return flows.map(({ id }) => ({ id, outcome: 'failed', detail }));
}

/** An outcome for each id that was asked for and is no flow. */
export function notFound(request: KillRequest, found: readonly Flow[]): KillOutcome[] {
  if ('vm' in request) return [];
  const ids = new Set(found.map(({ id }) => id));
  return [...new Set(request.ids)]
    .filter((id) => !ids.has(id))
    .map((id) => ({ id, outcome: 'not-found', detail: 'no such flow on this host' }));
}
