import { Pace } from '../../pace/pace.js';
import type { Selection } from './select-rows.js';

/** Written at once, in characters: each piece costs a system call, and a long one holds others up. */
const pieceLength = 64 * 1024;

/** The answer to a list as one JSON object, piece by piece. */
export async function* listJson(selection: Selection<object>): AsyncGenerator<string> {
  yield '{"items":[';
  yield* pieces(selection, ',', '');
  yield `],"total":${selection.total}}`;
}

/** The answer to a list as lines of JSON, one a row. */
export function listLines(selection: Selection<object>): AsyncGenerator<string> {
  return pieces(selection, '', '\n');
}

/** @param between what separates rows @param after what ends each */
async function* pieces({ rows }: Selection<object>, between: string, after: string): AsyncGenerator<string> {
  const pace = new Pace();
  let piece = '';
  let isFirst = true;
  for (const row of rows) {
    piece += (isFirst ? '' : between) + rowText(row) + after;
    isFirst = false;
    if (piece.length >= pieceLength) {
      yield piece;
      piece = '';
    }
    if (pace.isDue) await pace.rest();
  }
  if (piece !== '') yield piece;
}

/** A row that is made when it is asked for has a toJSON: JSON.stringify would take twice as long to call it. */
function rowText(row: { toJSON?: () => object }): string {
  return JSON.stringify(row.toJSON === undefined ? row : row.toJSON());
}
