import { isCurrent, type HostStatus } from '../columns/host-table.js';
import type { LiveFrame } from '../model/fleet-monitor.js';
import { cutNames } from '../text/cut-names.js';
import { formatRate } from '../text/units.js';
import { displayWidth, elide } from '../text/width.js';
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
    placeLine(list, state, width, glyphs),
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

/**
 * The views and where one is. Where the titles of the views leave too little room for what is marked, filtered and counted,
 * the other views have their numbers only; of what matters less than that the rest is cut, or it is not there.
 */
function placeLine(list: ViewList, state: UiState, width: number, glyphs: Glyphs): Line {
  const filtered = state.filters[state.view] === '' ? 0 : displayWidth(filterTitle) + shortestCut;
  const needed = displayWidth(markedText(list, state) + countTitle(list, state)) + filtered;
  const whole = tabSegments(state, true);
  const tabs = lineWidth(whole) + needed <= width ? whole : tabSegments(state, false);
  let room = width - lineWidth(tabs);
  const take = (text: string): string => {
    if (text === '' || displayWidth(text) > room) return '';
    room -= displayWidth(text);
    return text;
  };
  const takeCut = (before: string, text: string, cut: (text: string, width: number) => string): string => {
    const left = room - displayWidth(before);
    return text === '' || left < shortestCut ? '' : take(before + cut(text, left));
  };
  const marked = take(markedText(list, state));
  const count = take(countTitle(list, state));
  const filter = takeCut(filterTitle, state.filters[state.view], (text, left) =>
    elide(text, left, glyphs.cut),
  );
  const scope = takeCut('  ', scopeText(state), (text, left) => cutNames([text], left, glyphs.cut)[0]!);
  const order = take(`  ${orderText(state)}`);
  return spreadLine(
    [...tabs, { text: scope, tone: 'accent', bold: true }],
    [
      { text: filter, tone: 'accent' },
      { text: marked, bold: true },
      { text: order + count, tone: 'muted' },
    ],
    width,
    glyphs.cut,
  );
}

/** Of a text that is cut there is at least so much. */
const shortestCut = 4;
const filterTitle = '  filter: ';

function tabSegments(state: UiState, isWhole: boolean): Line {
  return viewNames.flatMap((name, index): Line => {
    const current = name === state.view;
    const number = String(index + 1);
    const tab = isWhole || current ? `${number} ${views[name].title}` : number;
    return [
      { text: ' ' },
      { text: tab, bold: current, inverse: current, ...(current ? {} : { tone: 'muted' }) },
    ];
  });
}

function scopeText({ scope: { host, vm, device } }: UiState): string {
  return [host, vm, device].filter((part) => part !== null).join(' / ');
}

function markedText(list: ViewList, state: UiState): string {
  if (state.marked.size === 0) return '';
  const shown = new Set(state.view === 'flows' ? list.ids : []);
  const hidden = [...state.marked].filter((id) => !shown.has(id)).length;
  return `  ${String(state.marked.size)} marked${hidden === 0 ? '' : `, ${String(hidden)} not shown`}`;
}

function countTitle(list: ViewList, state: UiState): string {
  return `  ${countText(list, state)}`;
}

function countText({ ids, isCut }: ViewList, { positions, view }: UiState): string {
  return `${String(ids.length === 0 ? 0 : positions[view].index + 1)}/${String(ids.length)}${isCut ? '+' : ''}`;
}

function orderText({ sorts, view }: UiState): string {
  const { key, reverse } = sorts[view];
  const header = views[view].columns.find((column) => column.key === key)?.header ?? key;
  return `by ${header}${reverse ? ' reversed' : ''}`;
}
