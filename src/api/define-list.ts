import { z } from 'zod';
import { filterField, type FilterField } from './filter-field.js';
import { seenReader, type Seen } from './seen.js';

/** What to list. Different filters must all hold. */
export interface ListQuery {
  sort: string;
  filter?: string | undefined;
  limit?: number | undefined;
  /** By field of the item. */
  [filter: string]: unknown;
}

/** The type of an answer with one JSON object a line, a row each; a client asks for it with `accept`. */
export const linesType = 'application/x-ndjson';

/** In such an answer: rows that match, before the limit. */
export const totalHeader = 'x-vsocket-total';

export interface ListAnswer<Row> {
  items: Row[];
  /** Rows that match, before the limit. */
  total: number;
}

/** A list of the API, as data: the route, its checks, the client and the OpenAPI document come from it. */
export interface List<Row extends object> {
  path: string;
  summary: string;
  /** The item’s fields, in order. */
  fields: readonly (keyof Row & string)[];
  /** What `filter` and `sort` can ask for. */
  filterFields: readonly FilterField<Row>[];
  /** Fields that have a parameter of their own. */
  filters: readonly (keyof Row & string)[];
  /** The field by which a list is sorted where the query does not say it, and where rows are level. */
  order: keyof Row & string;
  item: z.ZodType<Row>;
  query: z.ZodType<ListQuery>;
  /** Reads an item that a vsockd of any version sent; null where it is none. */
  seen: (value: unknown) => Seen<Row> | null;
  answer: z.ZodType<ListAnswer<Row>>;
}

const filterDescription =
  'rows for which this holds: KEY=VALUE[,VALUE] with = != < <= > >= ~ !~, and, or, not, ( ); * in a value stands for anything, 80-90 for a range, 10.0.0.0/8 for a network';

/** @param definition its `filters`: what a query may ask for, by field */
export function defineList<Row extends object>(definition: {
  path: string;
  summary: string;
  item: z.ZodObject & z.ZodType<Row>;
  filters: Partial<Record<keyof Row & string, z.ZodType>>;
  order: keyof Row & string;
  /** More to filter and sort by than the item’s fields. */
  more?: readonly FilterField<Row>[];
}): List<Row> {
  const { path, summary, item, order, more = [] } = definition;
  const fields = Object.keys(item.shape) as (keyof Row & string)[];
  const shape = item.shape as Record<string, z.ZodType>;
  const filterFields = [...fields.map((field) => filterField<Row>(field, shape[field]!)), ...more];
  const filters = Object.entries(definition.filters) as [keyof Row & string, z.ZodType][];
  return {
    path,
    summary,
    fields,
    filters: filters.map(([field]) => field),
    order,
    filterFields,
    item,
    seen: seenReader<Row>(item, order),
    query: z.strictObject({
      ...Object.fromEntries(filters.map(([field, schema]) => [field, schema.optional()])),
      sort: z
        .enum(filterFields.flatMap(({ key }) => [key, `-${key}`]))
        .default(order)
        .describe('a field of the items; with a minus in front: descending; what is not known comes last'),
      filter: z.string().max(4096).optional().describe(filterDescription),
      limit: z.coerce.number().int().min(0).max(1_000_000).optional().describe('at most so many rows'),
    }),
    answer: z.object({
      items: z.array<z.ZodType<Row>>(item),
      total: z.number().int().describe('rows that match, before the limit'),
    }),
  };
}
