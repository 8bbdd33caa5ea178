import type { Flow } from '../../api/flow.js';
import type { KillRequest, KillResponse } from '../../api/kill.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Requester } from '../audit/requester.js';
import type { FlowWithConnection } from '../flows/flow-snapshot.js';
import type { FlowKiller } from './flow-killer.js';
import { notFound, notReset } from './kill-request.js';

/**
 * Ends the flows that a request means, with a line in the audit log before and after, under the name of the change.
 * @throws VsocketError when the log cannot be written: then nothing is done
 */
export async function auditedKill(
  request: KillRequest,
  flows: FlowWithConnection[],
  hostOnly: Flow[],
  change: string,
  requester: Requester,
  killer: FlowKiller,
  audit: AuditLog,
): Promise<KillResponse> {
  const all = [...flows.map(({ flow }) => flow), ...hostOnly];
  const entry = { change, command: 'kill', requester };
  audit.append({ ...entry, phase: 'asked', what: { request, flows: all.map(tuple) } });
  const outcomes = [...(await killer.kill(flows)), ...notReset(hostOnly), ...notFound(request, all)];
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
