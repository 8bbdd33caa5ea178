import { displayWidth, fit } from '../text/width.js';
import type { Line } from './line.js';
import type { Dialog, UiState } from './ui-state.js';
import { chosenColumns, views } from './views.js';

type Columns = Extract<Dialog, { kind: 'columns' }>;

/** All columns of the view, those that it has with a cross; the one under the cursor is always in sight. */
export function columnLines(state: UiState, { index }: Columns, height: number): Line[] {
  const { columns } = views[state.view];
  const chosen = new Set(chosenColumns(state));
  const nameWidth = Math.max(...columns.map(({ header }) => displayWidth(header)));
  const room = Math.max(1, height);
  const from = Math.max(0, Math.min(index - Math.floor(room / 2), columns.length - room));
  return columns.slice(from, from + room).map(({ key, header, summary }, offset): Line => [
    {
      text: `[${chosen.has(key) ? 'x' : ' '}] ${fit(header, nameWidth)}  ${summary}`,
      inverse: from + offset === index,
    },
  ]);
}
