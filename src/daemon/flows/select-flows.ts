import type { Flow } from '../../api/flow.js';
import type { FlowList, FlowQuery } from '../../api/lists.js';

/** Filters, sorts and cuts a host’s flows as a query asks. */
export function selectFlows(flows: readonly Flow[], query: FlowQuery): FlowList {
  const matching = flows.filter(
    (flow) =>
      (query.vm === undefined || flow.vm === query.vm) &&
      (query.path === undefined || flow.path === query.path) &&
      (query.state === undefined || flow.state === query.state),
  );
  const descending = query.sort.startsWith('-');
  const column = (descending ? query.sort.slice(1) : query.sort) as keyof Flow;
  const sign = descending ? -1 : 1;
  matching.sort((a, b) => sign * compare(a[column], b[column]) || compare(a.id, b.id));
  return { items: matching.slice(0, query.limit), total: matching.length };
}

/** What is not there comes last in ascending order. */
function compare(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b ? -1 : 1;
}
