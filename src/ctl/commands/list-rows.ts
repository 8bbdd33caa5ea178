import { joinFilters } from '../../filter/join-filters.js';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExitCode } from '../../errors/exit-code.js';
import type { Table } from '../columns/column.js';
import { parseSortOrder, rowComparer, sortRows } from '../columns/compare-rows.js';
import { vocabularyOf } from '../columns/vocabulary.js';
import { compileFilter } from '../../filter/compile-filter.js';
import { mergeRows, type RowStream } from '../fleet/merge-rows.js';
import type { Wish } from '../fleet/narrowing.js';
import type { Fleet, HostOutcome } from '../fleet/fleet.js';
import type { WidthMemory } from '../layout/layout-columns.js';
import { isTable } from '../output/output-format.js';
import { renderRows } from '../output/render-rows.js';
import { renderScreen } from '../output/render-screen.js';
import { RowText, type RowFormat } from '../output/row-text.js';
import { WatchScreen } from '../output/watch-screen.js';
import { canMoveCursor, showsUtf8 } from '../text/terminal-kind.js';
import { write, type Context } from './context.js';
import type { ListInput } from './shared-options.js';
import { exitCodeOf, failureLines, reportFailures, withFleet } from './with-fleet.js';

/** What a list command adds to what all of them do alike. */
export interface ListSource<Row> {
  table: Table<Row>;
  /** Fields of the JSON objects, for CSV. */
  fields: readonly string[];
  /** What options of the command leave. */
  isWanted: (row: Row) => boolean;
  /** Makes fewer rows of those that match. */
  fold?: (rows: readonly Row[]) => readonly Row[];
  collect: (fleet: Fleet, wish: Wish) => Promise<{ rows: Row[]; outcomes: HostOutcome<unknown>[] }>;
  /** The rows of each host as they come, in order; null where hosts cannot put them into it. */
  follow: (fleet: Fleet, wish: Wish) => RowStream<Row>[] | null;
  /** Throws where it is a mistake that all hosts answered and there is no row. */
  explainNothing?: (fleet: Fleet, filter: string) => Promise<void>;
}

/** Asks, filters, sorts, cuts and prints; with `--watch` until interrupted. Options are checked before any host is asked. */
export function listRows<Row extends object>(
  input: ListInput,
  context: Context,
  source: ListSource<Row>,
): Promise<ExitCode> {
  const { table, fold = (rows) => rows } = source;
  const filter = joinFilters(input.filter);
  const fits = compileFilter(filter, vocabularyOf(table));
  const matches = (row: Row): boolean => source.isWanted(row) && fits(row);
  const order = parseSortOrder(input.sortBy ?? table.defaultSort, table);
  const wish: Wish = { filter, sort: order, limit: input.limit };
  // A list is JSON as a whole; again and again it is one object a line, which can be read while it grows.
  const format = input.watch && input.output === 'json' ? 'jsonl' : input.output;
  const { environment, stdout, stderr } = context;
  const redraws = input.watch && stdout.isTTY && canMoveCursor(environment) && isTable(format);
  const memory: WidthMemory = new Map();
  const printAtOnce = async (fleet: Fleet, screen: WatchScreen | null): Promise<Printed> => {
    const { rows, outcomes } = await source.collect(fleet, wish);
    const kept = sortRows(fold(rows.filter(matches)), table, order).slice(0, input.limit);
    const options = { format, exact: input.numeric, headers: !input.noHeaders, now: Date.now() };
    if (screen !== null) {
      const problems = stderr.isTTY ? failureLines(outcomes) : [];
      const { size } = screen;
      const mark = showsUtf8(environment) ? '…' : '~';
      const drawing = { ...options, size, mark, memory, problems, wide: format === 'wide' };
      await write(stdout, screen.textOver(renderScreen(kept, table, drawing)));
    } else await write(stdout, renderRows(kept, table, source.fields, options));
    return { outcomes, rows: kept.length };
  };
  const printAgain = async (fleet: Fleet, screen: WatchScreen | null): Promise<ExitCode> => {
    for (;;) {
      const streams = isTable(format) ? null : source.follow(fleet, wish);
      const text = isTable(format) ? null : rowText(format, input, source);
      const { outcomes, rows } =
        streams === null || text === null
          ? await printAtOnce(fleet, screen)
          : await printAsTheyCome(streams, rowComparer(table, order), matches, input.limit, text, stdout);
      // What is told on the screen is not told twice.
      if (screen === null || !stderr.isTTY) await reportFailures(outcomes, context);
      const isNothing = rows === 0 && outcomes.every((outcome) => outcome.ok);
      if (isNothing && !input.watch) await source.explainNothing?.(fleet, filter);
      if (!input.watch) return exitCodeOf(outcomes);
      await sleep(input.delay * 1000, undefined, { signal: context.signal });
    }
  };
  return withFleet(input, context, async (fleet) => {
    const screen = redraws ? new WatchScreen(stdout, input.delay * 1000) : null;
    try {
      return await printAgain(fleet, screen);
    } finally {
      screen?.end();
    }
  });
}

interface Printed {
  outcomes: HostOutcome<unknown>[];
  rows: number;
}

function rowText<Row extends object>(
  format: RowFormat,
  { noHeaders }: ListInput,
  { table, fields }: ListSource<Row>,
): RowText<Row> {
  return new RowText(format, { fields, headers: !noHeaders, identify: (row) => table.identify(row) });
}

async function printAsTheyCome<Row extends object>(
  streams: readonly RowStream<Row>[],
  compare: (a: Row, b: Row) => number,
  matches: (row: Row) => boolean,
  limit: number | undefined,
  text: RowText<Row>,
  stdout: NodeJS.WriteStream,
): Promise<Printed> {
  // A stream that is left before its end, since enough has come, has gone well so far.
  const outcomes = streams.map((): HostOutcome<unknown> => ({ host: '', ok: true, answer: null }));
  let left = limit ?? Infinity;
  let printed = 0;
  for await (const rows of mergeRows(streams, compare, (end, index) => (outcomes[index] = end))) {
    const kept = rows.filter(matches).slice(0, left);
    left -= kept.length;
    printed += kept.length;
    await write(stdout, text.rows(kept));
    if (left === 0) break;
  }
  await write(stdout, text.end());
  return { outcomes, rows: printed };
}
