import { endpoint } from '../columns/endpoint.js';
import type { FlowRow } from '../columns/flow-table.js';
import { numberToType } from '../model/many-flows.js';
import { displayWidth, fit } from '../text/width.js';
import { liveBindings } from './key-bindings.js';
import type { Glyphs, Line } from './line.js';
import type { Dialog } from './ui-state.js';

type Kill = Extract<Dialog, { kind: 'kill' }>;

/** Lines of the question besides those that name the flows: what is above and below, what happens, the answer. */
const otherLines = 6;

/** The question before a kill, Cancel in focus. All flows can be looked at, those first that the list hides. */
export function killLines(dialog: Kill, height: number): Line[] {
  const { targets, hidden } = dialog;
  const room = Math.max(1, height - 2 - otherLines);
  const top = Math.max(0, Math.min(dialog.top, targets.length - room));
  const lines = targets.slice(top, top + room).map((row, index) => targetLine(row, top + index < hidden));
  if (targets.length > room) {
    const last = Math.min(targets.length, top + room);
    lines.push([
      {
        text: `${String(top + 1)} to ${String(last)} of ${String(targets.length)}, j k scroll`,
        tone: 'muted',
      },
    ]);
  }
  if (hidden > 0)
    lines.push([
      {
        text: `${String(targets.length)} marked, ${String(hidden)} not shown: the filter or the view hides them`,
        tone: 'warning',
        bold: true,
      },
    ]);
  lines.push([{ text: 'Both programs see their connection reset.', tone: 'muted' }], [{ text: '' }]);
  return [...lines, answerLine(dialog)];
}

function targetLine(row: FlowRow, isHidden: boolean): Line {
  const way = row.direction === 'out' ? 'to' : 'from';
  const local = endpoint(row.localAddress, row.localPort) ?? '-';
  const remote = endpoint(row.remoteAddress, row.remotePort) ?? '-';
  return [
    { text: row.id, bold: true },
    { text: ` on ${row.host}: ${local} ${way} ` },
    { text: `${remote}${row.program === null ? '' : ` (${row.program})`}` },
    { text: isHidden ? ' not shown' : '', tone: 'warning' },
  ];
}

function answerLine({ targets, focus, typed }: Kill): Line {
  const number = numberToType(targets.length);
  if (number !== null) {
    const done = typed === number ? 'Enter kills them' : 'Esc leaves them alone';
    return [
      { text: `Type ${number} to kill them: ` },
      { text: typed, bold: true },
      { text: ' ', inverse: true },
      { text: `  ${done}`, tone: typed === number ? 'bad' : 'muted' },
    ];
  }
  return [
    { text: focus === 'cancel' ? '[ Cancel ]' : '  Cancel  ', inverse: focus === 'cancel' },
    { text: '   ' },
    { text: focus === 'kill' ? '[ Kill ]' : '  Kill  ', inverse: focus === 'kill', tone: 'bad', bold: true },
  ];
}

export function killTitle(dialog: Kill): string {
  return dialog.targets.length === 1
    ? 'Kill this flow?'
    : `Kill these ${String(dialog.targets.length)} flows?`;
}

/** All live keys, in as many columns as fit, from `top` on. */
export function helpLines(
  readonly: boolean,
  width: number,
  height: number,
  top: number,
  glyphs: Glyphs,
): Line[] {
  const entries = liveBindings(readonly).map(({ label, summary }) => ({
    label: glyphs.cut === '…' ? label : label.replace(/[^\x20-\x7e]+/g, '').trim(),
    summary: glyphs.cut === '…' ? summary : summary.replaceAll('’', "'"),
  }));
  const labelWidth = Math.max(...entries.map(({ label }) => displayWidth(label)));
  const entryWidth = labelWidth + 2 + Math.max(...entries.map(({ summary }) => displayWidth(summary)));
  const columns = Math.max(1, Math.min(2, Math.floor((width - 6) / (entryWidth + 3))));
  const count = Math.ceil(entries.length / columns);
  const lines = Array.from({ length: count }, (_, row): Line =>
    Array.from({ length: columns }, (__, column) => entries[column * count + row]).flatMap(
      (entry, column): Line => {
        if (entry === undefined) return [];
        const summary =
          column < columns - 1 ? fit(entry.summary, entryWidth - labelWidth + 1) : entry.summary;
        return [{ text: fit(entry.label, labelWidth + 2), bold: true }, { text: summary }];
      },
    ),
  );
  const units: Line = [{ text: 'Sizes are in powers of 1024: KiB, MiB, GiB.', tone: 'muted' }];
  const all = [...lines, [{ text: '' }], units];
  const room = Math.max(1, height - 2);
  const from = Math.min(top, Math.max(0, all.length - room));
  return all.slice(from, from + room);
}
