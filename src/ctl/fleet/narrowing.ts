import type { List } from '../../api/define-list.js';
import { compileFilter, keysOf } from '../../filter/compile-filter.js';
import { VsocketError } from '../../errors/vsocket-error.js';

/** What the host does itself, so that the other rows need not travel: parameters of the list’s query. */
export type Narrowing = Readonly<Record<string, string>>;

export interface Wish {
  filter: string;
  sort: { key: string; reverse: boolean };
  limit: number | undefined;
}

/**
 * The part of a wish that the hosts can do as well as vsockctl. What they have done is done here once more: names of
 * hosts are vsockctl’s own, and so is the natural order of text.
 */
export function narrowingOf<Row extends object>(list: List<Row>, { filter, sort, limit }: Wish): Narrowing {
  const narrowing: Record<string, string> = {};
  const sends = filter.trim() !== '' && understands(list, filter);
  if (sends) narrowing['filter'] = filter;
  const isWhole = sends || filter.trim() === '';
  if (limit === undefined || !isWhole || !canOrder(list, sort.key)) return narrowing;
  return { ...narrowing, ...orderOf(sort), limit: String(limit) };
}

/** Whether hosts put rows into the same order by this key as vsockctl does. */
export function canOrder<Row extends object>(list: List<Row>, key: string): boolean {
  const field = list.filterFields.find((candidate) => candidate.key === key);
  return field !== undefined && ordered.has(field.kind);
}

export function orderOf({ key, reverse }: Wish['sort']): Narrowing {
  return { sort: reverse ? key : `-${key}` };
}

/** Kinds that both ends put into the same order. */
const ordered: ReadonlySet<string> = new Set(['number', 'bits', 'time']);

function understands<Row extends object>(list: List<Row>, filter: string): boolean {
  const keys = keysOf(filter);
  // A host may call itself otherwise than vsockctl does.
  if (keys === null || keys.some((key) => key.toLowerCase() === 'host')) return false;
  try {
    compileFilter(filter, { noun: 'row', fields: list.filterFields });
    return true;
  } catch (error) {
    if (error instanceof VsocketError) return false;
    throw error;
  }
}
