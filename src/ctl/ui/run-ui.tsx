import { joinFilters } from '../../filter/join-filters.js';
import { ExitCode } from '../../errors/exit-code.js';
import { parseSortOrder } from '../columns/compare-rows.js';
import { flowTable } from '../columns/flow-table.js';
import type { Context } from '../commands/context.js';
import { failureLines } from '../commands/with-fleet.js';
import type { TopInput } from '../commands/top.js';
import { carryOutKill } from '../fleet/kill-flows.js';
import type { Fleet } from '../fleet/fleet.js';
import { FleetMonitor } from '../model/fleet-monitor.js';
import { SettingsFile, type Settings } from '../model/settings-file.js';
import { Controller } from '../screen/controller.js';
import type { EffectName } from '../screen/actions.js';
import { asciiGlyphs, unicodeGlyphs } from '../screen/line.js';
import { initialState, usualLayout, type ViewLayout } from '../screen/ui-state.js';
import { forEachView, views, type ViewName } from '../screen/views.js';
import { showsUtf8 } from '../text/terminal-kind.js';
import { FrameWriter } from './frame-writer.js';
import { TerminalSession } from './terminal-session.js';

/** `top` on a terminal, until the user quits. Rejects with the reason when a signal ends it. */
export async function runUi(fleet: Fleet, input: TopInput, context: Context): Promise<ExitCode> {
  const { environment, stdin, stdout, signal } = context;
  // Chalk looks at these when it is loaded, and draws no attributes at all when it believes there is no terminal.
  process.env['FORCE_COLOR'] ??= '1';
  const { render } = await import('ink');
  const { App } = await import('./App.js');
  const terminal = new TerminalSession(stdin, stdout);
  const writer = new FrameWriter(stdout);
  const monitor = new FleetMonitor(fleet, input.delay * 1000, (frame) => controller.takeFrame(frame));
  let quit = (): void => undefined;
  const done = new Promise<ExitCode>((resolve) => (quit = () => resolve(ExitCode.done)));
  const effects: Record<EffectName, () => void> = {
    quit: () => quit(),
    interrupt: () => void process.kill(process.pid, 'SIGINT'),
    redraw: () => writer.redraw(),
    suspend: () =>
      terminal.suspend(() => {
        writer.redraw();
        // The window may have changed meanwhile, and told it to the shell only: Node looks when it gets this.
        process.kill(process.pid, 'SIGWINCH');
      }),
  };
  const file = new SettingsFile(environment);
  const settings = file.load();
  const controller = new Controller(
    initialState({
      filter: joinFilters(input.filter),
      sort: parseSortOrder(input.sortBy, flowTable),
      delaySeconds: input.delay,
      wide: settings.wide,
      layouts: forEachView((name) => settings.views[name] ?? usualLayout),
      warning: file.problem,
    }),
    {
      kill: async (targets, onProgress) => {
        const result = await carryOutKill(fleet, { vm: null, flows: targets }, onProgress);
        monitor.refresh();
        return { rows: result.rows, errors: failureLines(result.outcomes) };
      },
      open: (view) => monitor.want(views[view].polls),
      look: (glance) => monitor.look(glance),
      setDelay: (seconds) => monitor.setDelay(seconds * 1000),
      remember: ({ wide, layouts }) =>
        file.save({ ...settings, wide, views: { ...settings.views, ...laidOut(layouts) } }),
      effect: (name) => effects[name](),
    },
    {
      readonly: input.readonly,
      glyphs: input.ascii || !showsUtf8(environment) ? asciiGlyphs : unicodeGlyphs,
      size: sizeOf(stdout),
    },
  );
  const resize = (): void => {
    writer.resize();
    stdout.write('\u001b[2J');
    controller.resize(sizeOf(stdout));
  };
  terminal.enter();
  stdout.on('resize', resize);
  const colour = (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb';
  const ink = render(<App controller={controller} colour={colour} />, {
    stdin,
    stdout: writer as unknown as NodeJS.WriteStream,
    debug: true,
    exitOnCtrlC: false,
    patchConsole: false,
  });
  try {
    return await Promise.race([
      done,
      monitor.run().then(() => done),
      ink.waitUntilExit().then(() => done),
      interruption(signal),
    ]);
  } finally {
    stdout.off('resize', resize);
    monitor.stop();
    ink.unmount();
    terminal.end();
  }
}

/** Layouts in the file’s form; what a newer vsockctl has written beside them stays. */
function laidOut(layouts: Record<ViewName, ViewLayout>): Settings['views'] {
  return Object.fromEntries(
    Object.entries(layouts).map(([name, layout]) => [
      name,
      { ...layout, columns: layout.columns === null ? null : [...layout.columns] },
    ]),
  );
}

function sizeOf(stdout: NodeJS.WriteStream): { columns: number; rows: number } {
  return { columns: stdout.columns, rows: stdout.rows };
}

function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const give = (): void => reject(signal.reason as Error);
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}
