import { joinFilters } from '../../filter/join-filters.js';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExitCode } from '../../errors/exit-code.js';
import type { Table } from '../columns/column.js';
import { parseSortOrder, sortRows } from '../columns/compare-rows.js';
import { vocabularyOf } from '../columns/vocabulary.js';
import { compileFilter } from '../../filter/compile-filter.js';
import type { Wish } from '../fleet/narrowing.js';
import type { Fleet, HostOutcome } from '../fleet/fleet.js';
import { renderRows } from '../output/render-rows.js';
import { write, type Context } from './context.js';
import type { ListInput } from './shared-options.js';
import { exitCodeOf, reportFailures, withFleet } from './with-fleet.js';

/** What a list command adds to what all of them do alike. */
export interface ListSource<Row> {
  table: Table<Row>;
  /** Fields of the JSON objects, for CSV. */
  fields: readonly string[];
  /** Makes fewer rows of those that match. */
  fold?: (rows: readonly Row[]) => readonly Row[];
  collect: (fleet: Fleet, wish: Wish) => Promise<{ rows: Row[]; outcomes: HostOutcome<unknown>[] }>;
}

const clearScreen = '\u001b[2J\u001b[H';

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
  const redraw = input.watch && context.stdout.isTTY && (format === 'table' || format === 'wide');
  return withFleet(input, context, async (fleet) => {
    for (;;) {
      const { rows, outcomes } = await source.collect(fleet, { filter, sort: order, limit: input.limit });
      const kept = sortRows(fold(rows.filter(matches)), table, order).slice(0, input.limit);
      const options = { format, exact: input.numeric, headers: !input.noHeaders, now: Date.now() };
      await write(
        context.stdout,
        (redraw ? clearScreen : '') + renderRows(kept, table, source.fields, options),
      );
      await reportFailures(outcomes, context);
      if (!input.watch) return exitCodeOf(outcomes);
      await sleep(input.delay * 1000, undefined, { signal: context.signal });
    }
  });
}
