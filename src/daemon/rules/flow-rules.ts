import type { VmConfig } from '../../config/host-config.js';
import { nameOfRule, type HostRules } from '../../rules/host-rules.js';
import type { Connection } from '../observer/connection.js';

/** Which rule lets each connection be. It stays the same until the rules are others: it is looked for once. */
export class FlowRules {
  readonly #known = new WeakMap<Connection, { by: HostRules; rule: string | null }>();

  constructor(private readonly rules: () => HostRules) {}

  /** Null: none does. */
  of({ name }: VmConfig, connection: Connection): string | null {
    const by = this.rules();
    const known = this.#known.get(connection);
    if (known?.by === by) return known.rule;
    const { action, rule } = by.evaluateTcp(name, { direction: connection.direction, ...connection.socket });
    const found = action === 'allow' ? nameOfRule(rule) : null;
    this.#known.set(connection, { by, rule: found });
    return found;
  }
}
