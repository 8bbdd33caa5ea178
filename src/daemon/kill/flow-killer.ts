import { setTimeout as sleep } from 'node:timers/promises';
import type { KillOutcome } from '../../api/kill.js';
import type { SocketName } from '../../dataplane/messages.js';
import type { FlowWithConnection } from '../flows/flow-snapshot.js';
import type { Connection } from '../observer/connection.js';
import type { SocketDiagnosis } from '../observer/socket-diagnosis.js';
import { Pace } from '../../pace/pace.js';

/** A flow to end. */
export type KillTarget = FlowWithConnection;

/** What the killer needs of the rest of vsockd. */
export interface KillerSurroundings {
  /** Ends the fast paths of these connections. */
  resetFastPaths: (sockets: SocketName[]) => void;
  /** Sends resets to both ends of the connections; calls back when nothing else of theirs passes any more. */
  resetConnections: (targets: KillTarget[], whenFrozen: () => void) => Promise<void>;
  /** Whether the kernel has the connection still. */
  isOpen: (connection: Connection) => boolean;
  diagnosis: (vm: string) => SocketDiagnosis | undefined;
}

/** A reset is acted on in microseconds; this leaves room for a busy machine. */
const settleMilliseconds = 100;

/** Ends flows without their guests’ help. Both programs see a reset. */
export class FlowKiller {
  constructor(private readonly surroundings: KillerSurroundings) {}

  async kill(targets: KillTarget[]): Promise<KillOutcome[]> {
    const { resetFastPaths, resetConnections } = this.surroundings;
    // Not before: a program that sees the reset ends, and its FIN would tell the other one of an end and of no reset.
    await resetConnections(targets, () =>
      resetFastPaths(
        targets.map(({ flow, connection }) => ({ vm: flow.vm, cookie: connection.socket.cookie })),
      ),
    );
    let open = await this.#stillOpen(targets);
    if (open.size > 0) {
      await sleep(settleMilliseconds);
      open = await this.#stillOpen([...open]);
    }
    return targets.map((target) =>
      open.has(target) ? this.#destroy(target) : { id: target.flow.id, outcome: 'reset', detail: '' },
    );
  }

  async #stillOpen(targets: readonly KillTarget[]): Promise<Set<KillTarget>> {
    const open = new Set<KillTarget>();
    const pace = new Pace();
    for (const target of targets) {
      if (pace.isDue) await pace.rest();
      if (this.surroundings.isOpen(target.connection)) open.add(target);
    }
    return open;
  }

  /** The guest’s kernel took no reset: the host’s hand ends the socket, and the kernel resets the peer. */
  #destroy({ flow, connection }: KillTarget): KillOutcome {
    const errno = this.surroundings.diagnosis(flow.vm)?.destroy(connection.socket);
    if (errno === 0)
      return {
        id: flow.id,
        outcome: 'reset',
        detail: 'the kernel took no reset; ended as aborted (ECONNABORTED)',
      };
    if (errno === ENOENT) return { id: flow.id, outcome: 'reset', detail: '' };
    return {
      id: flow.id,
      outcome: 'failed',
      detail: `the connection is still open (errno ${errno ?? 'unknown'})`,
    };
  }
}

/** asm-generic/errno-base.h */
const ENOENT = 2;
