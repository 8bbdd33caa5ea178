import type { OutcomeRow } from '../columns/outcome-table.js';
import type { FlowRow } from '../columns/flow-table.js';
import { emptyFrame, type LiveFrame } from '../model/fleet-monitor.js';
import { effectNames, stateActions, type ActionName, type EffectName, type Scene } from './actions.js';
import { dialogKey } from './dialog-keys.js';
import { drawScreen, listRows, type Size } from './draw-screen.js';
import { liveBindings } from './key-bindings.js';
import type { WidthMemory } from '../layout/layout-columns.js';
import type { Glyphs, Line } from './line.js';
import { settle } from './position.js';
import type { Glance } from '../model/glance.js';
import type { Position, UiState } from './ui-state.js';
import type { ViewList } from './view-list.js';
import { views, type ViewName } from './views.js';

/** What the controller asks of the world around it. */
export interface ControllerEffects {
  kill: (
    targets: readonly FlowRow[],
    onProgress: (done: number) => void,
  ) => Promise<{ rows: OutcomeRow[]; errors: string[] }>;
  setDelay: (seconds: number) => void;
  /** Another view is open, and may need other lists. */
  open: (view: ViewName) => void;
  /** What is on the screen now. */
  look: (glance: Glance) => void;
  /** Remembers how the columns are laid out. Null, or a message. */
  remember: (state: Pick<UiState, 'wide' | 'layouts'>) => string | null;
  effect: (name: EffectName) => void;
}

export interface ControllerOptions {
  readonly: boolean;
  glyphs: Glyphs;
  size: Size;
}

/** Flows that were not reset and are told of one by one. */
const toldProblems = 3;

/** Holds the state, takes frames and keys in, and gives a screen of lines out. Knows neither Ink nor a terminal. */
export class Controller {
  #live: LiveFrame;
  #list: ViewList;
  #lines: Line[] = [];
  #shownKeys: readonly string[] = [];
  #size: Size;
  readonly #listeners = new Set<() => void>();
  readonly #bindings: ReadonlyMap<string, ActionName>;
  readonly #memories = new Map<string, WidthMemory>();

  constructor(
    private state: UiState,
    private readonly effects: ControllerEffects,
    private readonly options: ControllerOptions,
  ) {
    this.#size = options.size;
    this.#live = emptyFrame();
    this.#bindings = new Map(
      liveBindings(options.readonly).flatMap(({ keys, action }) =>
        keys.map((key): [string, ActionName] => [key, action]),
      ),
    );
    this.#list = views[state.view].list(this.#frame, state);
    this.#refresh();
  }

  /** For React's useSyncExternalStore. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly lines = (): Line[] => this.#lines;

  takeFrame(frame: LiveFrame): void {
    this.#live = frame;
    this.#refresh();
  }

  resize(size: Size): void {
    this.#size = size;
    this.#memories.clear();
    this.#refresh();
  }

  /** Takes one key by its name: `j`, `down`, `ctrl-z`. */
  press(key: string): void {
    const before = this.state;
    // The terminal is raw, so Ctrl-C is a key like any other; it ends the program from everywhere.
    if (this.#bindings.get(key) === 'interrupt') return this.effects.effect('interrupt');
    if (before.dialog !== null) {
      const { state, kill } = dialogKey(before, before.dialog, key);
      this.state = state;
      if (kill && before.dialog.kind === 'kill') void this.#kill(before.dialog.targets);
    } else {
      this.#act(key);
    }
    if (this.state.delaySeconds !== before.delaySeconds) this.effects.setDelay(this.state.delaySeconds);
    if (this.state.view !== before.view) this.effects.open(this.state.view);
    if (this.state.wide !== before.wide || this.state.layouts !== before.layouts)
      this.#say(this.effects.remember(this.state));
    this.#refresh();
  }

  #act(key: string): void {
    const action = this.#bindings.get(key);
    this.state = { ...this.state, message: null };
    if (action === undefined) return;
    if (isEffect(action)) return this.effects.effect(action);
    const scene: Scene = {
      frame: this.#frame,
      list: this.#list,
      visibleRows: listRows(this.#frame, this.#size),
      shownKeys: this.#shownKeys,
    };
    this.state = stateActions[action](this.state, scene);
  }

  async #kill(targets: readonly FlowRow[]): Promise<void> {
    const tell = (done: number): void => {
      const text = `killing: ${String(done)} of ${String(targets.length)}`;
      this.state = { ...this.state, message: { text, tone: 'muted' } };
      this.#refresh();
    };
    this.state = { ...this.state, marked: new Set() };
    tell(0);
    const { rows, errors } = await this.effects.kill(targets, tell);
    const reset = rows.filter((row) => row.outcome === 'reset').length;
    const others = rows
      .filter((row) => row.outcome !== 'reset')
      .map((row) => `${row.id} ${row.outcome} ${row.detail}`.trim());
    const problems = [...errors, ...others.slice(0, toldProblems)];
    if (others.length > toldProblems) problems.push(`and ${String(others.length - toldProblems)} more`);
    const done = `${String(reset)} of ${String(targets.length)} flows reset`;
    const text = problems.length === 0 ? done : `${done}; ${problems.join('; ')}`;
    this.state = { ...this.state, message: { text, tone: problems.length === 0 ? 'good' : 'bad' } };
    this.#refresh();
  }

  #say(problem: string | null): void {
    if (problem !== null) this.state = { ...this.state, message: { text: problem, tone: 'bad' } };
  }

  get #frame(): LiveFrame {
    return this.state.frozen ?? this.#live;
  }

  #refresh(): void {
    const { view } = this.state;
    const frame = this.#frame;
    this.#list = views[view].list(frame, this.state);
    const position = settle(this.state.positions[view], this.#list.ids, listRows(frame, this.#size));
    this.state = { ...this.state, positions: { ...this.state.positions, [view]: position } };
    const memory = this.#memories.get(view) ?? new Map<string, number>();
    this.#memories.set(view, memory);
    const { glyphs, readonly } = this.options;
    const options = { size: this.#size, glyphs, readonly, memory };
    const { lines, shownKeys } = drawScreen(frame, this.#list, this.state, options);
    [this.#lines, this.#shownKeys] = [lines, shownKeys];
    this.effects.look(this.#glance(position));
    for (const listener of this.#listeners) listener();
  }

  #glance({ top }: Position): Glance {
    const { view, filters, sorts, scope, marked, split } = this.state;
    const list = view === 'hosts' ? null : view;
    // A row may stand for both ends of a connection.
    const each = view === 'flows' && !split ? 2 : 1;
    const rows = each * (top + listRows(this.#frame, this.#size));
    return { list, filter: filters[view], sort: sorts[view], vm: scope.vm, rows, marked };
  }
}

function isEffect(action: ActionName): action is EffectName {
  return (effectNames as readonly string[]).includes(action);
}
