import type { FilterField, FilterValue } from './filter-field.js';
import type { Flow } from './flow.js';

/** What of a flow can be filtered and sorted by besides its own fields. A vsockd of another version may leave out any. */
type AnyFlow = { [Key in keyof Flow]?: Flow[Key] | null };

function both(one: number | null | undefined, other: number | null | undefined): FilterValue[] {
  return [typeof one === 'number' && typeof other === 'number' ? one + other : null];
}

export const flowFilterFields: readonly FilterField<Flow>[] = [
  {
    key: 'port',
    kind: 'number',
    values: (row: AnyFlow) => [row.localPort ?? null, row.remotePort ?? null],
  },
  {
    key: 'address',
    kind: 'address',
    values: (row: AnyFlow) => [row.localAddress ?? null, row.remoteAddress ?? null],
  },
  {
    key: 'age',
    kind: 'duration',
    values: (row: AnyFlow) =>
      typeof row.establishedAt === 'string' ? [(Date.now() - Date.parse(row.establishedAt)) / 1000] : [null],
  },
  {
    key: 'bytesPerSecond',
    kind: 'number',
    values: (row: AnyFlow) => both(row.txBytesPerSecond, row.rxBytesPerSecond),
  },
  { key: 'bytes', kind: 'number', values: (row: AnyFlow) => both(row.txBytes, row.rxBytes) },
];
