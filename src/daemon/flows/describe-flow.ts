import { flowReasonCodes, type Flow } from '../../api/flow.js';
import type { VmConfig } from '../../config/host-config.js';
import type { ConnectionNote, LedgerFlow } from '../../ledger/ledger-flow.js';
import type { Connection } from '../observer/connection.js';
import { tcpState } from '../observer/inet-diag-layout.js';
import { connectionId as connectionIdOf } from './connection-id.js';
import type { SeenFlow } from './flow-snapshot.js';
import type { VmDirectory } from './vm-directory.js';

type Reason = NonNullable<Flow['reason']>;

/** Texts about a connection that stay the same for its whole life. To make them each time takes half of a row’s time. */
interface Names {
  connectionId: string;
  seenAt: string;
}

const known = new WeakMap<Connection, Names>();

function namesOf(vm: VmConfig, connection: Connection, directory: VmDirectory): Names {
  let names = known.get(connection);
  if (names === undefined) {
    const seenAt = new Date(connection.firstSeenAt).toISOString();
    names = { connectionId: connectionIdOf(vm, connection.socket, directory), seenAt };
    known.set(connection, names);
  }
  return names;
}

/** The row of one flow: what the kernel counts of it, and what its program’s library claimed for it. */
export function describeFlow(host: string, seen: SeenFlow, directory: VmDirectory): Flow {
  const { vm, connection, claim, note } = seen;
  const { socket } = connection;
  const path = claim?.path ?? 'tcp';
  const { connectionId, seenAt } = namesOf(vm, connection, directory);
  const other = directory.whereabouts(vm.vni, socket.remoteAddress);
  return {
    id: connection.id,
    connectionId,
    host,
    vm: vm.name,
    tenant: vm.tenant,
    vni: vm.vni,
    direction: claim?.direction ?? connection.direction,
    localAddress: socket.localAddress,
    localPort: socket.localPort,
    remoteAddress: socket.remoteAddress,
    remotePort: socket.remotePort,
    remoteVm: other.vm,
    remoteHost: other.host,
    program: claim?.program ?? null,
    pid: claim?.pid ?? null,
    path,
    reason: path === 'tcp' ? tcpReason(vm, connection, claim, note, directory) : claimedReason(claim),
    rule: seen.rule,
    queuePair: claim?.queuePair ?? null,
    state: flowState(socket.state, claim),
    txBytes: seen.txBytes,
    rxBytes: seen.rxBytes,
    txBytesPerSecond: seen.txBytesPerSecond,
    rxBytesPerSecond: seen.rxBytesPerSecond,
    establishedAt:
      claim !== undefined && claim.claimedAt < connection.firstSeenAt
        ? new Date(claim.claimedAt).toISOString()
        : seenAt,
  };
}

function tcpReason(
  vm: VmConfig,
  { socket }: Connection,
  claim: LedgerFlow | undefined,
  note: ConnectionNote | null,
  directory: VmDirectory,
): Reason {
  const claimed = claimedReason(claim);
  if (claimed !== null) return claimed;
  if (claim !== undefined) return 'peer-without-vsocket';
  if (note === null) return 'no-library';
  const peer = directory.withAddress(vm.vni, socket.remoteAddress);
  if (peer === vm || socket.remoteAddress === socket.localAddress) return 'same-vm';
  if (peer !== undefined) return note;
  if (directory.fleet === null) return 'remote-host';
  return directory.fleet.find(vm.vni, socket.remoteAddress) === null ? 'not-a-vm' : note;
}

function claimedReason(claim: LedgerFlow | undefined): Reason | null {
  return flowReasonCodes.find((code) => code === claim?.reason) ?? null;
}

function flowState(state: number, claim: LedgerFlow | undefined): Flow['state'] {
  if (claim?.state === 'reset') return 'reset';
  return state === tcpState.established && claim?.state !== 'closing' ? 'established' : 'closing';
}
