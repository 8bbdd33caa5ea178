import { flowReasonCodes, type Flow } from '../../api/flow.js';
import type { VmConfig } from '../../config/host-config.js';
import type { ConnectionNote, LedgerFlow } from '../../ledger/ledger-flow.js';
import type { Connection } from '../observer/connection.js';
import { tcpState } from '../observer/inet-diag-layout.js';
import { connectionId } from './connection-id.js';
import type { VmDirectory } from './vm-directory.js';

export type UnratedFlow = Omit<Flow, 'txBytesPerSecond' | 'rxBytesPerSecond'>;
type Reason = NonNullable<Flow['reason']>;

/** The row of one connection: what the kernel counts of it, and what its program’s library claimed for it. */
export function describeFlow(
  host: string,
  vm: VmConfig,
  connection: Connection,
  claim: LedgerFlow | undefined,
  note: ConnectionNote | null,
  directory: VmDirectory,
): UnratedFlow {
  const { socket } = connection;
  const path = claim?.path ?? 'tcp';
  const other = directory.whereabouts(vm.vni, socket.remoteAddress);
  return {
    id: `${vm.name}:${socket.cookie}`,
    connectionId: connectionId(vm, socket, directory),
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
    queuePair: claim?.queuePair ?? null,
    state: flowState(socket.state, claim),
    txBytes: connection.txBytes + (claim?.ringTxBytes ?? 0),
    rxBytes: connection.rxBytes + (claim?.ringRxBytes ?? 0),
    establishedAt: new Date(Math.min(connection.firstSeenAt, claim?.claimedAt ?? Infinity)).toISOString(),
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
