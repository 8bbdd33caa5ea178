import { findColumn, isNumeric, type Column, type Table, type Value } from '../columns/column.js';
import { parseQuantity } from '../text/units.js';
import { badFilter, parseFilter, type Term } from './parse-filter.js';
import type { Operator } from './grammar.js';

export type Predicate<Row> = (row: Row) => boolean;

/** Compiles a filter once; the predicate then looks at no text of the filter again. Errors: usage. */
export function compileFilter<Row>(text: string, table: Table<Row>): Predicate<Row> {
  const predicates = mergeAlternatives(parseFilter(text)).map((term) =>
    term.kind === 'word' ? wordPredicate(term, table) : conditionPredicate(term, table, text),
  );
  return (row) => predicates.every((predicate) => predicate(row));
}

type Condition = Extract<Term, { kind: 'condition' }>;

/** `vm=red1 vm=red2` means either: values of one key add up, different keys narrow. */
function mergeAlternatives(terms: readonly Term[]): Term[] {
  const merged: Term[] = [];
  for (const term of terms) {
    const earlier = merged.find((other) => other.kind === 'condition' && isAlternative(other, term));
    if (earlier?.kind === 'condition' && term.kind === 'condition') earlier.values.push(...term.values);
    else merged.push(term.kind === 'condition' ? { ...term, values: [...term.values] } : term);
  }
  return merged;
}

function isAlternative(one: Condition, other: Term): boolean {
  if (other.kind !== 'condition' || one.operator !== other.operator) return false;
  return one.key.toLowerCase() === other.key.toLowerCase() && (one.operator === '=' || one.operator === '~');
}

function wordPredicate<Row>(term: Extract<Term, { kind: 'word' }>, table: Table<Row>): Predicate<Row> {
  const columns = table.columns.filter((column) => column.kind === 'text');
  const word = term.word.toLowerCase();
  return (row) => columns.some((column) => asText(column.value(row)).includes(word)) !== term.negated;
}

function conditionPredicate<Row>(term: Condition, table: Table<Row>, text: string): Predicate<Row> {
  const column = findColumn(table, term.key);
  if (column === undefined) {
    const keys = table.columns.map((candidate) => candidate.key).join(', ');
    throw badFilter(text, `a ${table.noun} has no “${term.key}”, only ${keys}`);
  }
  const tests = term.values.map((value) => valueTest(term.operator, value, column, text));
  const negated = term.operator.startsWith('!');
  return (row) => {
    const value = column.value(row);
    return tests.some((test) => test(value)) !== negated;
  };
}

type Test = (value: Value) => boolean;

function valueTest<Row>(operator: Operator, wanted: string, column: Column<Row>, text: string): Test {
  const contains = operator === '~' || operator === '!~';
  if (contains) return (value) => asText(value).includes(wanted.toLowerCase());
  if (operator === '=' || operator === '!=') {
    return isNumeric(column.kind) && wanted !== '-'
      ? numberTest('=', wanted, column, text)
      : textTest(wanted);
  }
  return isNumeric(column.kind)
    ? numberTest(operator, wanted, column, text)
    : ageTest(operator, wanted, column, text);
}

function numberTest<Row>(
  operator: '=' | '<' | '<=' | '>' | '>=',
  wanted: string,
  column: Column<Row>,
  text: string,
): Test {
  const limit = parseQuantity(wanted, column.kind === 'bitRate' ? 1000 : 1024);
  if (limit === null) throw badFilter(text, `${column.key} is a number, “${wanted}” is none`);
  return (value) => typeof value === 'number' && comparisons[operator](value, limit);
}

/** Times compare as ISO 8601 text; other text has no order worth a filter. */
function ageTest<Row>(
  operator: '<' | '<=' | '>' | '>=',
  wanted: string,
  column: Column<Row>,
  text: string,
): Test {
  if (column.kind !== 'time')
    throw badFilter(text, `${column.key} is text, which ${operator} cannot compare`);
  const limit = Date.parse(wanted);
  if (Number.isNaN(limit)) throw badFilter(text, `${column.key} is a time, write it like 2026-01-31T12:00Z`);
  return (value) => typeof value === 'string' && comparisons[operator](Date.parse(value), limit);
}

const comparisons = {
  '=': (a: number, b: number) => a === b,
  '<': (a: number, b: number) => a < b,
  '<=': (a: number, b: number) => a <= b,
  '>': (a: number, b: number) => a > b,
  '>=': (a: number, b: number) => a >= b,
};

function textTest(wanted: string): Test {
  if (wanted === '-') return (value) => value === null || value === '';
  const parts = wanted.toLowerCase().split('*');
  if (parts.length === 1) return (value) => value !== null && asText(value) === parts[0];
  return (value) => value !== null && matchesParts(asText(value), parts);
}

/** Matches `a*b*c` part by part; a regular expression of the user's could be made to take forever. */
function matchesParts(text: string, parts: readonly string[]): boolean {
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
    return false;
  let position = first.length;
  const end = text.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, position);
    if (found < 0 || found + part.length > end) return false;
    position = found + part.length;
  }
  return true;
}

function asText(value: Value): string {
  return value === null ? '' : String(value).toLowerCase();
}
