import { flowReasonCodes, type Flow } from '../../api/flow.js';
import type { VmConfig } from '../../config/host-config.js';
import type { LedgerFlow, LedgerReader } from '../../ledger/ledger-flow.js';
import type { Connection } from '../observer/connection.js';
import { tcpState } from '../observer/inet-diag-layout.js';
import { connectionId as connectionIdOf } from './connection-id.js';
import type { VmDirectory, Whereabouts } from './vm-directory.js';

type Reason = NonNullable<Flow['reason']>;

/** What is known of one flow at the moment of a snapshot. */
export interface SeenFlow extends Record<
  'txBytes' | 'rxBytes' | 'txBytesPerSecond' | 'rxBytesPerSecond',
  number
> {
  vm: VmConfig;
  connection: Connection;
  /** What its program’s library claimed for it. */
  claim: LedgerFlow | undefined;
}

/** The host on which flows are seen. */
export interface FlowPlace {
  host: string;
  directory: VmDirectory;
  /** What libraries noted of connections that they have not claimed; null before the data plane has begun. */
  notes: Pick<LedgerReader, 'note'> | null;
  /** The rule of a VM that allows a connection; null: none does. */
  ruleOf: (vm: VmConfig, connection: Connection) => string | null;
}

/** Texts about a connection that stay the same for its whole life. To make them each time takes half of a row’s time. */
interface Names {
  connectionId: string;
  seenAt: string;
}

const known = new WeakMap<Connection, Names>();

/**
 * The row of one flow: what the kernel counts of it, and what its program’s library claimed for it. A field is made when
 * it is asked for: to filter, sort and cut 100,000 flows, few are.
 */
export class FlowRow implements Flow {
  readonly #place: FlowPlace;
  readonly #seen: SeenFlow;

  constructor(place: FlowPlace, seen: SeenFlow) {
    this.#place = place;
    this.#seen = seen;
  }

  get id(): string {
    return this.#seen.connection.id;
  }
  get connectionId(): string {
    return this.#names.connectionId;
  }
  get host(): string {
    return this.#place.host;
  }
  get vm(): string {
    return this.#seen.vm.name;
  }
  get tenant(): string {
    return this.#seen.vm.tenant;
  }
  get vni(): number {
    return this.#seen.vm.vni;
  }
  get direction(): Flow['direction'] {
    return this.#seen.claim?.direction ?? this.#seen.connection.direction;
  }
  get localAddress(): string {
    return this.#seen.connection.socket.localAddress;
  }
  get localPort(): number {
    return this.#seen.connection.socket.localPort;
  }
  get remoteAddress(): string {
    return this.#seen.connection.socket.remoteAddress;
  }
  get remotePort(): number {
    return this.#seen.connection.socket.remotePort;
  }
  get remoteVm(): string | null {
    return this.#other.vm;
  }
  get remoteHost(): string | null {
    return this.#other.host;
  }
  get program(): string | null {
    return this.#seen.claim?.program ?? null;
  }
  get pid(): number | null {
    return this.#seen.claim?.pid ?? null;
  }
  get path(): Flow['path'] {
    return this.#seen.claim?.path ?? 'tcp';
  }
  get reason(): Flow['reason'] {
    const { claim } = this.#seen;
    const claimed = flowReasonCodes.find((code) => code === claim?.reason) ?? null;
    if (claimed !== null || this.path !== 'tcp') return claimed;
    return claim !== undefined ? 'peer-without-vsocket' : this.#unclaimedReason();
  }
  get rule(): string | null {
    return this.#place.ruleOf(this.#seen.vm, this.#seen.connection);
  }
  get queuePair(): number | null {
    return this.#seen.claim?.queuePair ?? null;
  }
  get state(): Flow['state'] {
    const { claim, connection } = this.#seen;
    if (claim?.state === 'reset') return 'reset';
    const isOpen = connection.socket.state === tcpState.established && claim?.state !== 'closing';
    return isOpen ? 'established' : 'closing';
  }
  get txBytes(): number {
    return this.#seen.txBytes;
  }
  get rxBytes(): number {
    return this.#seen.rxBytes;
  }
  get txBytesPerSecond(): number {
    return this.#seen.txBytesPerSecond;
  }
  get rxBytesPerSecond(): number {
    return this.#seen.rxBytesPerSecond;
  }
  get establishedAt(): string {
    const { claim, connection } = this.#seen;
    return claim !== undefined && claim.claimedAt < connection.firstSeenAt
      ? new Date(claim.claimedAt).toISOString()
      : this.#names.seenAt;
  }

  /** All fields, in the API’s order. JSON.stringify calls it. */
  toJSON(): Flow {
    const other = this.#other;
    const { connectionId } = this.#names;
    return {
      id: this.id,
      connectionId,
      host: this.host,
      vm: this.vm,
      tenant: this.tenant,
      vni: this.vni,
      direction: this.direction,
      localAddress: this.localAddress,
      localPort: this.localPort,
      remoteAddress: this.remoteAddress,
      remotePort: this.remotePort,
      remoteVm: other.vm,
      remoteHost: other.host,
      program: this.program,
      pid: this.pid,
      path: this.path,
      reason: this.reason,
      rule: this.rule,
      queuePair: this.queuePair,
      state: this.state,
      txBytes: this.txBytes,
      rxBytes: this.rxBytes,
      txBytesPerSecond: this.txBytesPerSecond,
      rxBytesPerSecond: this.rxBytesPerSecond,
      establishedAt: this.establishedAt,
    };
  }

  get #other(): Whereabouts {
    return this.#place.directory.whereabouts(this.#seen.vm.vni, this.remoteAddress);
  }

  get #names(): Names {
    const { vm, connection } = this.#seen;
    let names = known.get(connection);
    if (names === undefined) {
      const seenAt = new Date(connection.firstSeenAt).toISOString();
      names = { connectionId: connectionIdOf(vm, connection.socket, this.#place.directory), seenAt };
      known.set(connection, names);
    }
    return names;
  }

  #unclaimedReason(): Reason {
    const { vm, connection } = this.#seen;
    const { socket } = connection;
    const { directory, notes } = this.#place;
    const note = notes?.note(vm.name, socket.cookie) ?? null;
    if (note === null) return 'no-library';
    const peer = directory.withAddress(vm.vni, socket.remoteAddress);
    if (peer === vm || socket.remoteAddress === socket.localAddress) return 'same-vm';
    if (peer !== undefined) return note;
    if (directory.fleet === null) return 'remote-host';
    return directory.fleet.find(vm.vni, socket.remoteAddress) === null ? 'not-a-vm' : note;
  }
}
