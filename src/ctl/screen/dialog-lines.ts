import { displayWidth, fit } from '../text/width.js';
import { liveBindings } from './key-bindings.js';
import type { Glyphs, Line } from './line.js';
import type { Dialog } from './ui-state.js';

/** Flows that the question lists by name; the rest is counted. */
const listedTargets = 8;

/** The question before a kill, Cancel in focus. */
export function killLines(dialog: Extract<Dialog, { kind: 'kill' }>): Line[] {
  const { targets, focus } = dialog;
  const lines = targets.slice(0, listedTargets).map((row): Line => [
    { text: row.id, bold: true },
    {
      text: ` on ${row.host}: ${row.localAddress}:${String(row.localPort)} ${row.direction === 'out' ? 'to' : 'from'} `,
    },
    {
      text: `${row.remoteAddress}:${String(row.remotePort)}${row.program === null ? '' : ` (${row.program})`}`,
    },
  ]);
  const more = targets.length - lines.length;
  if (more > 0) lines.push([{ text: `and ${String(more)} more` }]);
  lines.push(
    [{ text: 'Both programs see their connection reset.', tone: 'muted' }],
    [{ text: '' }],
    [
      { text: focus === 'cancel' ? '[ Cancel ]' : '  Cancel  ', inverse: focus === 'cancel' },
      { text: '   ' },
      {
        text: focus === 'kill' ? '[ Kill ]' : '  Kill  ',
        inverse: focus === 'kill',
        tone: 'bad',
        bold: true,
      },
    ],
  );
  return lines;
}

export function killTitle(dialog: Extract<Dialog, { kind: 'kill' }>): string {
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
