import type { z } from 'zod';

export type FilterValue = string | number | boolean | null;

/** What a filter can ask of a row, here and at the host. */
export interface FilterField<Row> {
  key: string;
  /** `address` may also be within a network or a range; `duration` is in seconds. */
  kind: 'text' | 'number' | 'bits' | 'time' | 'duration' | 'address';
  /** The words that it can be, where these are known. */
  words?: readonly string[];
  /** Of a field with several values one that matches is enough. */
  values: (row: Row) => readonly FilterValue[];
}

interface Definition {
  type: string;
  format?: string;
  innerType?: z.ZodType;
  entries?: Record<string, string>;
}

/** The field of the API's item, by its schema. */
export function filterField<Row>(key: keyof Row & string, schema: z.ZodType): FilterField<Row> {
  const definition = schema.def as unknown as Definition;
  if (definition.type === 'nullable') return filterField<Row>(key, definition.innerType!);
  const field = { key, values: (row: Row) => valuesOf(row[key]) };
  if (definition.type === 'enum')
    return { ...field, kind: 'text', words: Object.values(definition.entries ?? {}) };
  if (definition.type === 'number')
    return { ...field, kind: key.endsWith('BitsPerSecond') ? 'bits' : 'number' };
  if (definition.format === 'datetime') return { ...field, kind: 'time' };
  return { ...field, kind: /address(es)?$/i.test(key) ? 'address' : 'text' };
}

function valuesOf(value: unknown): FilterValue[] {
  if (Array.isArray(value)) return value.flatMap(valuesOf);
  if (value === null || value === undefined) return [null];
  return [typeof value === 'object' ? JSON.stringify(value) : (value as FilterValue)];
}
