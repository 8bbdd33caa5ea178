import { joinFilters } from '../../filter/join-filters.js';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExitCode } from '../../errors/exit-code.js';
import type { Table } from '../columns/column.js';
import { parseSortOrder, sortRows } from '../columns/compare-rows.js';
import { vocabularyOf } from '../columns/vocabulary.js';
import { compileFilter } from '../../filter/compile-filter.js';
import type { Wish } from '../fleet/narrowing.js';
import type { Fleet, HostOutcome } from '../fleet/fleet.js';
import type { WidthMemory } from '../layout/layout-columns.js';
import { isTable } from '../output/output-format.js';
import { renderRows } from '../output/render-rows.js';
import { renderScreen } from '../output/render-screen.js';
import { canMoveCursor, showsUtf8 } from '../text/terminal-kind.js';
import { write, type Context } from './context.js';
import type { ListInput } from './shared-options.js';
import { exitCodeOf, failureLines, reportFailures, withFleet } from './with-fleet.js';

/** What a list command adds to what all of them do alike. */
export interface ListSource<Row> {
  table: Table<Row>;
  /** Fields of the JSON objects, for CSV. */
  fields: readonly string[];
  /** Makes fewer rows of those that match. */
  fold?: (rows: readonly Row[]) => readonly Row[];
  collect: (fleet: Fleet, wish: Wish) => Promise<{ rows: Row[]; outcomes: HostOutcome<unknown>[] }>;
}

/** Draws over what is there, so that nothing flickers. */
function over(text: string): string {
  return `\u001b[H${text.replaceAll('\n', '\u001b[K\n')}\u001b[J`;
}

/** Asks, filters, sorts, cuts and prints; with `--watch` until interrupted. Options are checked before any host is asked. */
export function listRows<Row extends object>(
  input: ListInput,
  context: Context,
  source: ListSource<Row>,
): Promise<ExitCode> {
  const { table, fold = (rows) => rows } = source;
  const filter = joinFilters(input.filter);
  const matches = compileFilter(filter, vocabularyOf(table));
  const order = parseSortOrder(input.sortBy ?? table.defaultSort, table);
  // A list is JSON as a whole; again and again it is one object a line, which can be read while it grows.
  const format = input.watch && input.output === 'json' ? 'jsonl' : input.output;
  const { environment, stdout, stderr } = context;
  const redraws = input.watch && stdout.isTTY && canMoveCursor(environment) && isTable(format);
  const memory: WidthMemory = new Map();
  return withFleet(input, context, async (fleet) => {
    for (;;) {
      const { rows, outcomes } = await source.collect(fleet, { filter, sort: order, limit: input.limit });
      const kept = sortRows(fold(rows.filter(matches)), table, order).slice(0, input.limit);
      const options = { format, exact: input.numeric, headers: !input.noHeaders, now: Date.now() };
      if (redraws) {
        const problems = stderr.isTTY ? failureLines(outcomes) : [];
        const size = { columns: stdout.columns, rows: stdout.rows };
        const mark = showsUtf8(environment) ? '…' : '~';
        const screen = { ...options, size, mark, memory, problems, wide: format === 'wide' };
        await write(stdout, over(renderScreen(kept, table, screen)));
      } else await write(stdout, renderRows(kept, table, source.fields, options));
      // What is told on the screen is not told twice.
      if (!redraws || !stderr.isTTY) await reportFailures(outcomes, context);
      if (!input.watch) return exitCodeOf(outcomes);
      await sleep(input.delay * 1000, undefined, { signal: context.signal });
    }
  });
}
