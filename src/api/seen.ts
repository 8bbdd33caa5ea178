import type { z } from 'zod';

/** What a value of the API may be when a vsockd of another version sends it: words that we do not know are text. */
type Loose<Value> = Value extends string
  ? string
  : Value extends readonly (infer Item)[]
    ? Loose<Item>[]
    : Value extends object
      ? { [Key in keyof Value]: Loose<Value[Key]> | null }
      : Value;

/** Fields without which a row is no row: it could not be named. */
type SureKey<Row> =
  Extract<keyof Row, 'host'> | (Row extends { id: string } ? 'id' : Extract<keyof Row, 'name'>);

/** A row as a client sees it: what a vsockd of another version does not send, or sends otherwise, is null. */
export type Seen<Row> = {
  [Key in keyof Row]: Key extends SureKey<Row> ? string : Loose<Row[Key]> | null;
};

type Read = (value: unknown) => unknown;

interface Definition {
  type: string;
  format?: string;
  shape?: Record<string, z.ZodType>;
  element?: z.ZodType;
  innerType?: z.ZodType;
  valueType?: z.ZodType;
  values?: unknown[];
}

/**
 * The tolerant reader of one kind of row. It never fails for a field: what is not as the schema says is null.
 * @returns reads a row; null where the value is none, or has no `key`
 */
export function seenReader<Row extends object>(
  schema: z.ZodType<Row>,
  key: keyof Row & string,
): (value: unknown) => Seen<Row> | null {
  const read = reader(schema);
  return (value) => {
    const row = read(value) as Seen<Row> | null;
    return row === null || typeof row[key] !== 'string' ? null : row;
  };
}

function reader(schema: z.ZodType): Read {
  const definition = schema.def as unknown as Definition;
  switch (definition.type) {
    case 'object':
      return objectReader(
        Object.entries(definition.shape ?? {}).map(([name, field]) => [name, reader(field)]),
      );
    case 'array':
      return arrayReader(reader(definition.element!));
    case 'record':
      return recordReader(reader(definition.valueType!));
    case 'nullable':
      return reader(definition.innerType!);
    case 'string':
      return definition.format === 'datetime'
        ? readTime
        : (value) => (typeof value === 'string' ? value : null);
    case 'enum':
      return (value) => (typeof value === 'string' ? value : null);
    case 'number':
      return (value) => (typeof value === 'number' && Number.isFinite(value) ? value : null);
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? value : null);
    default:
      throw new Error(`the API has no such field: ${definition.type}`);
  }
}

function readTime(value: unknown): string | null {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? value : null;
}

function objectReader(fields: [string, Read][]): Read {
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    const said = value as Record<string, unknown>;
    if (isWhole(said, fields)) return said;
    const row: Record<string, unknown> = {};
    for (const [name, read] of fields) row[name] = read(said[name]);
    return row;
  };
}

/** Nothing is missing, wrong or unknown: then the row is good as it is, which saves a copy of each of 100,000. */
function isWhole(said: Record<string, unknown>, fields: readonly [string, Read][]): boolean {
  for (const [name, read] of fields) if (read(said[name]) !== said[name]) return false;
  return Object.keys(said).length === fields.length;
}

function arrayReader(read: Read): Read {
  return (value) => (Array.isArray(value) ? value.map(read).filter((item) => item !== null) : null);
}

function recordReader(read: Read): Read {
  return (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, read(item)]))
      : null;
}
