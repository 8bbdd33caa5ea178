import { setTimeout as sleep } from 'node:timers/promises';
import type { Flow } from '../../api/flow.js';
import type { KillOutcome } from '../../api/kill.js';
import type { SocketName } from '../../dataplane/messages.js';
import type { Connection } from '../observer/connection.js';
import type { SocketDiagnosis } from '../observer/socket-diagnosis.js';

/** A flow to end, with the connection under it. */
export interface KillTarget {
  flow: Flow;
  connection: Connection;
}

/** What the killer needs of the rest of vsockd. */
export interface KillerSurroundings {
  /** Ends the fast paths of these connections. */
  resetFastPaths: (sockets: SocketName[]) => void;
  /** Sends resets to both ends of the connections. */
  resetConnections: (targets: KillTarget[]) => Promise<void>;
  /** Ids of the connections that are open now. */
  openIds: () => Promise<ReadonlySet<string>>;
  diagnosis: (vm: string) => SocketDiagnosis | undefined;
}

/** A reset is acted on in microseconds; this leaves room for a busy machine. */
const settleMilliseconds = 100;

/** Ends flows without their guests’ help. Both programs see a reset. */
export class FlowKiller {
  constructor(private readonly surroundings: KillerSurroundings) {}

  async kill(targets: KillTarget[]): Promise<KillOutcome[]> {
    const { resetFastPaths, resetConnections, openIds } = this.surroundings;
    resetFastPaths(
      targets.map(({ flow, connection }) => ({ vm: flow.vm, cookie: connection.socket.cookie })),
    );
    await resetConnections(targets);
    let open = await openIds();
    if (targets.some(({ flow }) => open.has(flow.id))) {
      await sleep(settleMilliseconds);
      open = await openIds();
    }
    return targets.map((target) => this.#outcome(target, open));
  }

  #outcome(target: KillTarget, open: ReadonlySet<string>): KillOutcome {
    const { id } = target.flow;
    return open.has(id) ? this.#destroy(target) : { id, outcome: 'reset', detail: '' };
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
