import { displayWidth, fit } from '../text/width.js';
import { wrapText } from '../text/wrap-text.js';
import type { Line } from './line.js';
import type { Dialog } from './ui-state.js';

type Details = Extract<Dialog, { kind: 'details' }>;

/** All that is known of a row, each text whole, over as many lines as it takes. */
export function detailsLines({ fields, top }: Details, width: number, height: number): Line[] {
  const nameWidth = Math.max(0, ...fields.map(({ name }) => displayWidth(name)));
  const textWidth = Math.max(1, width - nameWidth - 2);
  const lines = fields.flatMap(({ name, text, tone }) =>
    wrapText(text, textWidth).map((part, index): Line => [
      { text: fit(index === 0 ? name : '', nameWidth + 2), tone: 'muted' },
      { text: part, tone },
    ]),
  );
  const from = Math.max(0, Math.min(top, lines.length - height));
  return lines.slice(from, from + height);
}
