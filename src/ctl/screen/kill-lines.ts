import type { Column } from '../columns/column.js';
import { flowTable, type FlowRow } from '../columns/flow-table.js';
import { formatCell } from '../columns/format-value.js';
import { alignmentOf, fitCells } from '../layout/fit-cells.js';
import { gapFor, layoutColumns } from '../layout/layout-columns.js';
import { numberToType } from '../model/many-flows.js';
import { fit } from '../text/width.js';
import type { Glyphs, Line } from './line.js';
import type { Dialog } from './ui-state.js';

type Kill = Extract<Dialog, { kind: 'kill' }>;

/** What tells a connection from others: its hosts and both its ends. It is seen at every width. */
const columns = ['id', 'host', 'client', 'service'].map((key): Column<FlowRow> => {
  const column = flowTable.columns.find((one) => one.key === key)!;
  return { ...column, priority: 1, leastWidth: 9 };
});

const notShown = 'not shown ';

/** Where there are fewer lines, only the flows and the answer are there. */
const comfortableHeight = 8;

/**
 * The question before a kill, Cancel in focus. All flows can be looked at, those first that the list hides.
 * @param width of the lines, at most, and how many of them there may be
 */
export function killLines(dialog: Kill, width: number, height: number, glyphs: Glyphs): Line[] {
  const { targets, hidden } = dialog;
  const comfortable = height >= comfortableHeight;
  const warning: Line[] = hidden === 0 ? [] : [[{ text: hiddenText(dialog), tone: 'warning', bold: true }]];
  const note: Line[] = comfortable
    ? [[{ text: 'Both programs see their connection reset.', tone: 'muted' }], [{ text: '' }]]
    : [];
  const around = (comfortable ? 1 : 0) + warning.length + note.length + 1;
  const scrolls = targets.length > height - around && comfortable;
  const room = Math.max(0, height - around - (scrolls ? 1 : 0));
  const top = Math.max(0, Math.min(dialog.top, targets.length - room));
  const shown = targets.slice(top, top + room);
  const place = `${String(top + 1)} to ${String(top + shown.length)} of ${String(targets.length)}, j k scroll`;
  return [
    ...targetLines(
      shown,
      { sign: hidden > 0 ? notShown : '', hidden: hidden - top, titles: comfortable },
      width,
      glyphs,
    ),
    ...(scrolls ? [[{ text: place, tone: 'muted' as const }]] : []),
    ...warning,
    ...note,
    answerLine(dialog),
  ];
}

function hiddenText({ targets, hidden }: Kill): string {
  return `${String(targets.length)} marked, ${String(hidden)} not shown: the filter or the view hides them`;
}

interface TargetSigns {
  /** Before the rows that the list does not show. */
  sign: string;
  /** So many are these of the first rows. */
  hidden: number;
  /** With a line of titles above. */
  titles: boolean;
}

function targetLines(
  rows: readonly FlowRow[],
  { sign, hidden, titles }: TargetSigns,
  width: number,
  glyphs: Glyphs,
): Line[] {
  const cells = rows.map((row) => columns.map((column) => formatCell(column, row, { exact: false, now: 0 })));
  const gap = gapFor(width);
  const placed = layoutColumns(columns, cells, { width: width - sign.length, gap, memory: new Map() });
  const lineOf = (texts: readonly string[]): string => texts.join(' '.repeat(gap)).trimEnd();
  const noSign = ' '.repeat(sign.length);
  const header = placed.map(({ index, width: own }) =>
    fit(columns[index]!.header, own, alignmentOf(columns[index]!), glyphs.cut),
  );
  const lines = fitCells(columns, cells, placed, glyphs.cut).map((texts, index): Line => [
    { text: index < hidden ? sign : noSign, tone: 'warning' },
    { text: lineOf(texts) },
  ]);
  return titles ? [[{ text: noSign + lineOf(header), tone: 'muted' }], ...lines] : lines;
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
