import { lists } from '../../api/lists.js';
import { narrowingOf, orderOf, type Narrowing, type Wish } from '../fleet/narrowing.js';
import type { FrameList } from './frame.js';
import type { ListWish } from './host-state.js';

/** What of the fleet is looked at now: only that is asked for where it is too much to ask for all. */
export interface Glance {
  /** The list that is on the screen; null: the hosts themselves. */
  list: FrameList | null;
  filter: string;
  sort: Wish['sort'];
  /** Only this VM’s flows. */
  vm: string | null;
  /** Rows down to the last one on the screen. */
  rows: number;
  /** Places of flows that are to be kept in the frame wherever they come in the order. */
  marked: ReadonlySet<string>;
}

/** So many rows a host are asked for, or a multiple of it: a step of the cursor is no reason to ask again. */
const rowStep = 40;

/** Asks for little: the list on the screen, of flows those that can be on it. */
export function littleOf(glance: Glance): ListWish[] {
  if (glance.list === null) return [];
  return [{ list: glance.list, narrowing: glance.list === 'flows' ? flowsIn(glance) : {} }];
}

function flowsIn({ filter, sort, vm, rows }: Glance): Narrowing {
  const limit = rowStep * Math.ceil(Math.max(1, rows) / rowStep);
  const one: Narrowing = vm === null ? {} : { vm };
  const narrowing = narrowingOf(lists.flows, { filter, sort, limit });
  // Without the whole filter a host cannot know which rows it may leave out.
  if ('limit' in narrowing || (filter.trim() !== '' && !('filter' in narrowing)))
    return { ...one, ...narrowing };
  // Text is in another order there, which still says what to begin with; what only vsockctl knows is not.
  const isKnown = lists.flows.filterFields.some(({ key }) => key === sort.key);
  const order = isKnown ? orderOf({ ...sort, reverse: !sort.reverse }) : {};
  return { ...one, ...narrowing, ...order, limit: String(limit) };
}
