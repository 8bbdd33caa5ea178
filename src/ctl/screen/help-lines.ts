import { displayWidth, fit } from '../text/width.js';
import { liveBindings } from './key-bindings.js';
import type { Glyphs, Line } from './line.js';

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
