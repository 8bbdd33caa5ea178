import { z } from 'zod';
import { ExitCode } from '../../errors/exit-code.js';
import type { List } from '../../api/define-list.js';
import { lists, type ListName, type RowsOf, type SeenRowsOf } from '../../api/lists.js';
import type { Table } from '../columns/column.js';
import type { Fleet, HostOutcome } from '../fleet/fleet.js';
import type { RowStream } from '../fleet/merge-rows.js';
import { canOrder, narrowingOf, orderOf, type Narrowing, type Wish } from '../fleet/narrowing.js';
import { defineCommand, type Command, type Example, type OptionSpec } from './command.js';
import { listRows } from './list-rows.js';
import { fleetExitCodes, fleetOptions, ListInput, listOptions } from './shared-options.js';
import { answersOf } from '../fleet/fleet.js';
import { isTable } from '../output/output-format.js';

/** What a list command adds to what all of them do alike. */
export interface ListCommand<Row> {
  name: string;
  summary: string;
  /** Paragraphs. */
  description: readonly string[];
  examples: readonly Example[];
  table: Table<Row>;
  /** Fields of the JSON objects, for CSV. */
  fields: readonly string[];
  /** Options that name values of a field: `--vm red1 --vm red2`. */
  only?: readonly {
    field: keyof Row & string;
    value: string;
    summary: string;
    completes?: OptionSpec['completes'];
  }[];
  /** Tables have fewer rows than the list, unless `--ends` is given. */
  folding?: Folding<Row>;
  collect: (
    fleet: Fleet,
    narrowing: Narrowing,
    wish: Wish,
  ) => Promise<{ rows: Row[]; outcomes: HostOutcome<unknown>[] }>;
  /** Throws where it is a mistake that there is no row. @param only what the options of `only` name */
  explainNothing?: (
    fleet: Fleet,
    filter: string,
    only: ReadonlyMap<string, readonly string[]>,
  ) => Promise<void>;
  /** The rows of each host as they come, in order; null where hosts cannot put them into it. */
  follow?: (fleet: Fleet, narrowing: Narrowing, wish: Wish) => RowStream<Row>[] | null;
}

export interface Folding<Row> {
  /** Of that option. */
  summary: string;
  fold: (rows: readonly Row[]) => readonly Row[];
  /** How many rows become one at most, and by what they are ordered alike: only then hosts can cut their lists. */
  most: number;
  alike: readonly string[];
}

const FoldedInput = ListInput.extend({ ends: z.boolean().default(false) });

export function defineListCommand<Row extends object>(definition: ListCommand<Row>): Command {
  const {
    name,
    summary,
    description,
    examples,
    table,
    fields,
    only = [],
    folding,
    collect,
    follow,
    explainNothing,
  } = definition;
  const given = Object.fromEntries(only.map(({ field }) => [field, z.array(z.string()).default([])]));
  return defineCommand({
    name,
    summary,
    description,
    arguments: [],
    options: [
      ...only.map((option) => ({ ...option, long: option.field, repeatable: true })),
      ...(folding === undefined ? [] : [{ long: 'ends', summary: folding.summary }]),
      ...fleetOptions,
      ...listOptions(table),
    ],
    examples,
    exitCodes: explainNothing === undefined ? fleetExitCodes : [...fleetExitCodes, ExitCode.notFound],
    input: z.intersection(FoldedInput, z.object(given)),
    handle: (input, context) => {
      const folds = folding !== undefined && isTable(input.output) && !input.ends;
      const wanted = only.map(({ field }): [keyof Row & string, string[]] => [field, input[field] ?? []]);
      // One value is filtered by the host, so that the other rows need not travel.
      const narrowing = Object.fromEntries(
        wanted.filter(([, values]) => values.length === 1).map(([field, values]) => [field, values.join()]),
      );
      const isWanted = (row: Row): boolean =>
        wanted.every(([field, values]) => values.length === 0 || values.includes(String(row[field])));
      // Several values of an option are chosen here, so a limit has to wait until then.
      const several = wanted.some(([, values]) => values.length > 1);
      const asked = (wish: Wish): Wish => {
        return { ...wish, limit: several ? undefined : folds ? unfoldedLimit(folding, wish) : wish.limit };
      };
      return listRows<Row>(input, context, {
        table,
        fields,
        isWanted,
        ...(explainNothing === undefined
          ? {}
          : { explainNothing: (fleet, filter) => explainNothing(fleet, filter, new Map(wanted)) }),
        ...(folds ? { fold: folding.fold } : {}),
        collect: (fleet, wish) => collect(fleet, narrowing, asked(wish)),
        follow: (fleet, wish) => follow?.(fleet, narrowing, asked(wish)) ?? null,
      });
    },
  });
}

function unfoldedLimit<Row>({ most, alike }: Folding<Row>, { sort, limit }: Wish): number | undefined {
  return limit === undefined || !alike.includes(sort.key) ? undefined : most * limit;
}

/** The part of a list command that follows from the API’s list. */
export function fromApi<Name extends ListName>(
  name: Name,
): Pick<ListCommand<SeenRowsOf[Name]>, 'fields' | 'collect' | 'follow'> {
  const list: List<RowsOf[Name]> = lists[name];
  return {
    fields: list.fields,
    collect: async (fleet, narrowing, wish) => {
      const asked = { ...narrowing, ...narrowingOf(list, wish) };
      const outcomes = await fleet.gather((host, signal) => host.rows(name, asked, signal));
      return { rows: answersOf(outcomes), outcomes };
    },
    follow: (fleet, narrowing, wish) => {
      if (!canOrder(list, wish.sort.key)) return null;
      const asked = { ...narrowing, ...narrowingOf(list, wish), ...orderOf(wish.sort) };
      return fleet.names.map((host) =>
        fleet.follow(host, (client, signal) => client.rows(name, asked, signal)),
      );
    },
  };
}
