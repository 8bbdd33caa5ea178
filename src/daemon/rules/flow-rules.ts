import type { VmConfig } from '../../config/host-config.js';
import { nameOfRule, type HostRules, type TcpEnd } from '../../rules/host-rules.js';
import type { Connection } from '../observer/connection.js';
import type { LiveEnd } from './live-end.js';

/** Which rule lets each connection be. It stays the same until the rules are others: it is looked for once. */
export class FlowRules {
  readonly #known = new WeakMap<Connection, { by: HostRules; rule: string | null }>();

  constructor(private readonly rules: () => HostRules) {}

  /** The same of one that only the host knows. */
  ofEnd({ vm, side, localPort, remoteAddress, remotePort }: LiveEnd): string | null {
    return this.#look(vm, { direction: side, localPort, remoteAddress, remotePort });
  }

  /** Null: none does. */
  of({ name }: VmConfig, connection: Connection): string | null {
    const by = this.rules();
    const known = this.#known.get(connection);
    if (known?.by === by) return known.rule;
    const rule = this.#look(name, { direction: connection.direction, ...connection.socket });
    this.#known.set(connection, { by, rule });
    return rule;
  }

  #look(vm: string, end: TcpEnd): string | null {
    const { action, rule } = this.rules().evaluateTcp(vm, end);
    return action === 'allow' ? nameOfRule(rule) : null;
  }
}
