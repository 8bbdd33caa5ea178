import { isCurrent, type HostStatus } from '../columns/host-table.js';
import type { LiveFrame } from '../model/fleet-monitor.js';
import { formatRate } from '../text/units.js';
import { fitLine, lineWidth, spreadLine, type Glyphs, type Line, type Segment } from './line.js';
import type { UiState } from './ui-state.js';
import type { ViewList } from './view-list.js';
import { viewNames, views } from './views.js';

/** Failed hosts that get a line of their own; the rest is counted. */
const shownFailures = 3;

/** The fleet at a glance, hosts that failed with the reason, and where one is. */
export function headerLines(
  frame: LiveFrame,
  list: ViewList,
  state: UiState,
  width: number,
  glyphs: Glyphs,
): Line[] {
  const clock = clockSegments(frame, state, glyphs);
  return [
    spreadLine(fleetSegments(frame, width - lineWidth(clock) - 1), clock, width, glyphs.cut),
    ...failureLines(frame, width, glyphs),
    spreadLine(tabSegments(state), placeSegments(list, state), width, glyphs.cut),
  ];
}

/** Lines that `headerLines` takes. */
export function headerHeight(frame: LiveFrame): number {
  return 2 + Math.min(frame.errors.length, shownFailures);
}

/** Figures that do not fit are left out: one that is cut reads as another one. */
function fleetSegments(frame: LiveFrame, room: number): Line {
  const figures = figureSegments(frame);
  for (const name of leastFirst) {
    const line = [...hostSegments(frame), ...figures.values()];
    if (lineWidth(line) <= room) return line;
    figures.delete(name);
  }
  return hostSegments(frame);
}

const leastFirst = ['fastFlows', 'vms', 'flows'] as const;

function figureSegments(frame: LiveFrame): Map<Figure, Segment> {
  return new Map<Figure, Segment>([
    ['vms', { text: `  VMs ${String(totalOf(frame, 'vms'))}` }],
    ['flows', { text: `  flows ${String(totalOf(frame, 'flows'))}` }],
    ['fastFlows', { text: ` (${String(totalOf(frame, 'fastFlows'))} fast)` }],
  ]);
}

function hostSegments(frame: LiveFrame): Line {
  const count = (status: HostStatus): number => frame.hosts.filter((host) => host.status === status).length;
  const ok = count('ok');
  const line: Line = [{ text: 'hosts' }, { text: ` ${String(ok)} ok`, tone: ok > 0 ? 'good' : 'muted' }];
  const others = { skew: 'warning', stale: 'warning', failed: 'bad', connecting: 'muted' } as const;
  for (const status of ['skew', 'stale', 'failed', 'connecting'] as const) {
    const bold = status === 'stale' || status === 'failed';
    if (count(status) > 0) line.push({ text: `, ${count(status)} ${status}`, tone: others[status], bold });
  }
  return line;
}

type Figure = 'vms' | 'flows' | 'fastFlows' | 'txBytesPerSecond' | 'rxBytesPerSecond';

function totalOf(frame: LiveFrame, figure: Figure): number {
  return frame.hosts.filter(isCurrent).reduce((total, host) => total + (host[figure] ?? 0), 0);
}

/** Rates and the time, each at a place of its own, so that they do not move. */
function clockSegments(frame: LiveFrame, state: UiState, glyphs: Glyphs): Line {
  const rate = (figure: Figure): string => formatRate(totalOf(frame, figure)).padStart(10);
  const line: Line = [
    { text: ` ${glyphs.up}${rate('txBytesPerSecond')} ${glyphs.down}${rate('rxBytesPerSecond')}` },
    { text: `  ${new Date(frame.at).toTimeString().slice(0, 8)}` },
  ];
  return state.frozen === null ? line : [...line, { text: ' FROZEN ', inverse: true, bold: true }];
}

function failureLines(frame: LiveFrame, width: number, glyphs: Glyphs): Line[] {
  return frame.errors.slice(0, shownFailures).map(({ host, message }, index) => {
    const more = frame.errors.length - shownFailures;
    const rest = index === shownFailures - 1 && more > 0 ? `(and ${String(more)} more hosts: press 1) ` : '';
    return fitLine([{ text: `${glyphs.failed} ${rest}${host}: ${message}`, tone: 'bad' }], width, glyphs.cut);
  });
}

function tabSegments(state: UiState): Line {
  const tabs = viewNames.map((name, index): Segment => {
    const current = name === state.view;
    return {
      text: ` ${String(index + 1)} ${views[name].title} `,
      bold: current,
      inverse: current,
      ...(current ? {} : { tone: 'muted' }),
    };
  });
  const { host, vm, device } = state.scope;
  const place = [host, vm, device].filter((part) => part !== null).join(' / ');
  return place === '' ? tabs : [...tabs, { text: `  ${place}`, tone: 'accent', bold: true }];
}

function placeSegments(list: ViewList, state: UiState): Line {
  const sort = state.sorts[state.view];
  const header = views[state.view].columns.find((column) => column.key === sort.key)?.header ?? sort.key;
  const filter = state.filters[state.view];
  const position = state.positions[state.view];
  const count = `${String(list.ids.length === 0 ? 0 : position.index + 1)}/${String(list.ids.length)}${list.isCut ? '+' : ''}`;
  const line: Line = [];
  if (filter !== '') line.push({ text: ` filter: ${filter} `, tone: 'accent' });
  if (state.marked.size > 0) {
    const shown = new Set(state.view === 'flows' ? list.ids : []);
    const hidden = [...state.marked].filter((id) => !shown.has(id)).length;
    const notShown = hidden === 0 ? '' : `, ${String(hidden)} not shown`;
    line.push({ text: ` ${String(state.marked.size)} marked${notShown} `, bold: true });
  }
  line.push({ text: ` by ${header}${sort.reverse ? ' reversed' : ''}  ${count}`, tone: 'muted' });
  return line;
}
