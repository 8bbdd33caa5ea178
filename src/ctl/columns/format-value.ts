import { formatBitRate, formatBytes, formatDuration, formatFrequency, formatRate } from '../text/units.js';
import type { Column, Kind, Value } from './column.js';

export interface FormatOptions {
  /** Numbers and times as the API gives them. */
  exact: boolean;
  /** Milliseconds since 1970, for ages. */
  now: number;
}

/** A value as people read it; what is not known is a dash. */
function formatValue(value: Value, kind: Kind, options: FormatOptions): string {
  if (value === null || value === '') return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (options.exact) return String(value);
  if (kind === 'time') return formatDuration((options.now - Date.parse(String(value))) / 1000);
  if (typeof value === 'string') return value;
  if (kind === 'bytes') return formatBytes(value);
  if (kind === 'rate') return formatRate(value);
  if (kind === 'frequency') return formatFrequency(value);
  if (kind === 'bitRate') return formatBitRate(value);
  return String(value);
}

/** A cell as people read it. */
export function formatCell<Row>(column: Column<Row>, row: Row, options: FormatOptions): string {
  if (column.text !== undefined && !options.exact) return column.text(row);
  return formatValue(column.value(row), column.kindOf?.(row) ?? column.kind, options);
}
