import type { Flow } from '../../api/flow.js';
import type { KillOutcome, KillRequest } from '../../api/kill.js';
import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import type { FlowSnapshot } from '../flows/flow-table.js';
import type { VmDirectory } from '../flows/vm-directory.js';

/**
 * The flows that a request means, as they are now.
 * @throws VsocketError when it names a VM that is not on this host
 */
export function matchingFlows(request: KillRequest, { flows }: FlowSnapshot, directory: VmDirectory): Flow[] {
  if ('vm' in request) {
    if (directory.named(request.vm) === undefined)
      throw new VsocketError(
        'no-such-vm',
        `no VM ${JSON.stringify(request.vm)} on this host`,
        '',
        ExitCode.notFound,
      );
    return flows.filter((flow) => flow.vm === request.vm);
  }
  const ids = new Set(request.ids);
  return flows.filter((flow) => ids.has(flow.id));
}

/** An outcome for each id that was asked for and is no flow. */
export function notFound(request: KillRequest, found: readonly Flow[]): KillOutcome[] {
  if ('vm' in request) return [];
  const ids = new Set(found.map((flow) => flow.id));
  return [...new Set(request.ids)]
    .filter((id) => !ids.has(id))
    .map((id) => ({ id, outcome: 'not-found', detail: 'no such flow on this host' }));
}
