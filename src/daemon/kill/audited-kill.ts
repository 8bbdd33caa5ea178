import type { Flow } from '../../api/flow.js';
import type { KillRequest, KillResponse } from '../../api/kill.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Requester } from '../audit/requester.js';
import type { FlowSnapshot } from '../flows/flow-table.js';
import type { VmDirectory } from '../flows/vm-directory.js';
import type { FlowKiller } from './flow-killer.js';
import { matchingFlows, notFound } from './kill-request.js';

/**
 * Ends what a request means, with a line in the audit log before and after, under the name of the change.
 * @throws VsocketError when the VM is not here, or the log cannot be written: then nothing is done
 */
export async function auditedKill(
  request: KillRequest,
  change: string,
  requester: Requester,
  snapshot: FlowSnapshot,
  directory: VmDirectory,
  killer: FlowKiller,
  audit: AuditLog,
): Promise<KillResponse> {
  const flows = matchingFlows(request, snapshot, directory);
  const entry = { change, command: 'kill', requester };
  audit.append({ ...entry, phase: 'asked', what: { request, flows: flows.map(tuple) } });
  const targets = flows.map((flow) => ({ flow, connection: snapshot.connections.get(flow.id)! }));
  const outcomes = [...(await killer.kill(targets)), ...notFound(request, flows)];
  audit.append({ ...entry, phase: 'done', what: { outcomes } });
  return { outcomes };
}

function tuple({
  id,
  vm,
  tenant,
  vni,
  localAddress,
  localPort,
  remoteAddress,
  remotePort,
  program,
  pid,
}: Flow): object {
  return { id, vm, tenant, vni, localAddress, localPort, remoteAddress, remotePort, program, pid };
}
