import { parseFilter } from './parse-filter.js';

/** Filters that must all hold, as one. @throws FilterError */
export function joinFilters(parts: readonly string[]): string {
  return parts
    .map((part) => (parseFilter(part).kind === 'or' && parts.length > 1 ? `(${part})` : part))
    .join(' ');
}
