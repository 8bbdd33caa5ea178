import { BlockList, isIP } from 'node:net';
import type { FilterField, FilterValue } from '../api/filter-field.js';
import { FilterError } from './filter-error.js';
import { nearestWord } from './nearest-word.js';
import { parseFilter, type Condition, type Expression, type Value } from './parse-filter.js';
import type { Operator } from './operators.js';
import { parseDuration, parseQuantity } from './quantity.js';

export type Predicate<Row> = (row: Row) => boolean;

/** What a filter may ask: the same where it is typed and where the rows are. */
export interface Vocabulary<Row> {
  /** `flow`: for messages. */
  noun: string;
  fields: readonly FilterField<Row>[];
}

type Test = (value: FilterValue) => boolean;

/** Compiles a filter once; the predicate then looks at no text of the filter again. @throws FilterError */
export function compileFilter<Row>(text: string, vocabulary: Vocabulary<Row>): Predicate<Row> {
  return compile(parseFilter(text), text, vocabulary);
}

/** The keys that a filter asks for, or null where it looks for a word anywhere. */
export function keysOf(text: string): string[] | null {
  const keys: string[] = [];
  const visit = (expression: Expression): boolean => {
    if (expression.kind === 'word') return false;
    if (expression.kind === 'not') return visit(expression.part);
    if (expression.kind !== 'condition') return expression.parts.every(visit);
    keys.push(expression.key);
    return true;
  };
  return visit(parseFilter(text)) ? keys : null;
}

function compile<Row>(expression: Expression, text: string, vocabulary: Vocabulary<Row>): Predicate<Row> {
  switch (expression.kind) {
    case 'and': {
      const parts = expression.parts.map((part) => compile(part, text, vocabulary));
      return (row) => parts.every((part) => part(row));
    }
    case 'or': {
      const parts = expression.parts.map((part) => compile(part, text, vocabulary));
      return (row) => parts.some((part) => part(row));
    }
    case 'not': {
      const part = compile(expression.part, text, vocabulary);
      return (row) => !part(row);
    }
    case 'word': {
      const word = expression.word.toLowerCase();
      const fields = vocabulary.fields.filter(({ kind }) => kind === 'text' || kind === 'address');
      return (row) => fields.some(({ values }) => values(row).some((value) => asText(value).includes(word)));
    }
    case 'condition':
      return compileCondition(expression, text, vocabulary);
  }
}

function compileCondition<Row>(
  condition: Condition,
  text: string,
  { noun, fields }: Vocabulary<Row>,
): Predicate<Row> {
  const field = fields.find(({ key }) => key.toLowerCase() === condition.key.toLowerCase());
  if (field === undefined) {
    const keys = fields.map(({ key }) => key);
    const near = nearestWord(condition.key, keys);
    const hint = near === null ? `only ${keys.join(', ')}` : `did you mean ${near}?`;
    throw new FilterError(text, condition.at, `a ${noun} has no “${condition.key}”, ${hint}`);
  }
  const { operator } = condition;
  const tests = condition.values.map((value) => testOf(operator, value, field, text));
  const negated = operator.startsWith('!');
  return (row) => field.values(row).some((value) => tests.some((test) => test(value))) !== negated;
}

function testOf<Row>(operator: Operator, value: Value, field: FilterField<Row>, filter: string): Test {
  const wrong = (why: string): FilterError => new FilterError(filter, value.at, why);
  const { text } = value;
  if (text === '') throw wrong('an empty value; what is not known is a dash');
  if (operator === '~' || operator === '!~') {
    const part = text.toLowerCase();
    return (candidate) => asText(candidate).includes(part);
  }
  const isEquality = operator === '=' || operator === '!=';
  if (isEquality && text === '-' && !value.quoted)
    return (candidate) => candidate === null || candidate === '';
  if (field.kind === 'text' || field.kind === 'address') {
    if (!isEquality) throw wrong(`${field.key} is text, which ${operator} cannot compare`);
    return textTest(value, field, wrong);
  }
  const limit = limitOf(text, field, wrong);
  if (isEquality) return numberTest(text, field, limit, wrong);
  const compare = comparisons[operator];
  return (candidate) => candidate !== null && compare(asNumber(candidate, field.kind), limit());
}

const comparisons = {
  '<': (a: number, b: number) => a < b,
  '<=': (a: number, b: number) => a <= b,
  '>': (a: number, b: number) => a > b,
  '>=': (a: number, b: number) => a >= b,
};

/** The number that a text means. Lazily, since `=` may have a range in its place. */
function limitOf<Row>(
  text: string,
  field: FilterField<Row>,
  wrong: (why: string) => FilterError,
): () => number {
  const number = toNumber(text, field.kind);
  if (number !== null) return () => number;
  if (/^[^-]+-[^-]+$/.test(text)) return () => NaN;
  const forms = {
    time: 'a time, write it like 2026-01-31T12:00Z',
    duration: 'a duration, write it like 90s, 5m or 1h30m',
  };
  const form = field.kind === 'time' || field.kind === 'duration' ? forms[field.kind] : 'a number';
  throw wrong(`${field.key} is ${form}, “${text}” is none`);
}

function toNumber(text: string, kind: FilterField<never>['kind']): number | null {
  if (kind === 'time') {
    const time = /^\d{4}-/.test(text) ? Date.parse(text) : NaN;
    return Number.isNaN(time) ? null : time;
  }
  return kind === 'duration' ? parseDuration(text) : parseQuantity(text, kind === 'bits' ? 1000 : 1024);
}

function numberTest<Row>(
  text: string,
  field: FilterField<Row>,
  limit: () => number,
  wrong: (why: string) => FilterError,
): Test {
  const { kind } = field;
  if (!Number.isNaN(limit())) {
    const wanted = limit();
    return (candidate) => candidate !== null && asNumber(candidate, kind) === wanted;
  }
  const [first, last] = text.split('-').map((part) => toNumber(part, kind));
  if (first === null || last === null || first === undefined || last === undefined || first > last)
    throw wrong(`${field.key} is a number, and “${text}” is neither one nor a range like 80-90`);
  return (candidate) =>
    candidate !== null && asNumber(candidate, kind) >= first && asNumber(candidate, kind) <= last;
}

function asNumber(value: NonNullable<FilterValue>, kind: FilterField<never>['kind']): number {
  return kind === 'time' ? Date.parse(String(value)) : Number(value);
}

function textTest<Row>(value: Value, field: FilterField<Row>, wrong: (why: string) => FilterError): Test {
  const text = value.text.toLowerCase();
  if (value.quoted) return (candidate) => candidate !== null && asText(candidate) === text;
  if (/^\/.*\/$/.test(text)) throw wrong('values are patterns with *, not regular expressions: write *text*');
  if (field.kind === 'address') {
    const network = networkTest(text, wrong);
    if (network !== null) return network;
  }
  const parts = text.split('*');
  if (parts.length === 1) {
    const { words } = field;
    if (words !== undefined && !words.some((word) => word.toLowerCase() === text)) {
      const near = nearestWord(text, words);
      const hint = near === null ? `it is one of ${words.join(', ')}` : `did you mean ${near}?`;
      throw wrong(`${field.key} is never “${value.text}”, ${hint}`);
    }
    return (candidate) => candidate !== null && asText(candidate) === text;
  }
  return (candidate) => candidate !== null && matchesParts(asText(candidate), parts);
}

/** `10.0.0.0/8`, `10.0.0.1-10.0.0.9`; null where the text is neither. An address may have a port behind it. */
function networkTest(text: string, wrong: (why: string) => FilterError): Test | null {
  const [from = '', to = ''] = text.split(/[-/]/);
  if (!/[-/]/.test(text) || isIP(from) === 0) return null;
  const family = isIP(from) === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  try {
    if (!text.includes('/')) list.addRange(from, to, family);
    else if (/^\d{1,3}$/.test(to)) list.addSubnet(from, Number(to), family);
    else throw new Error('no length');
  } catch {
    throw wrong(`“${text}” is neither a network like 10.0.0.0/8 nor a range like 10.0.0.1-10.0.0.9`);
  }
  return (candidate) => {
    const address = withoutPort(asText(candidate));
    const kind = isIP(address);
    return kind !== 0 && list.check(address, kind === 4 ? 'ipv4' : 'ipv6');
  };
}

function withoutPort(text: string): string {
  return isIP(text) === 0 ? text.replace(/:\d+$/, '').replace(/^\[|\]$/g, '') : text;
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

function asText(value: FilterValue): string {
  return value === null ? '' : String(value).toLowerCase();
}
