import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { operatorsByLength, type Operator } from './grammar.js';

export type Term =
  | { kind: 'word'; word: string; negated: boolean }
  | { kind: 'condition'; key: string; operator: Operator; values: string[] };

/** Splits a filter into its terms. Errors: usage, with the place where it went wrong. */
export function parseFilter(text: string): Term[] {
  const terms: Term[] = [];
  let rest = text.trimStart();
  while (rest !== '') {
    const key = /^[A-Za-z][A-Za-z0-9]*/.exec(rest)?.[0] ?? '';
    const operator =
      key === '' ? undefined : operatorsByLength.find((name) => rest.startsWith(name, key.length));
    if (operator === undefined) {
      const negated = rest.startsWith('!');
      const [word, after] = readValue(negated ? rest.slice(1) : rest, text, false);
      terms.push({ kind: 'word', word, negated });
      rest = after.trimStart();
      continue;
    }
    const values: string[] = [];
    rest = `,${rest.slice(key.length + operator.length)}`;
    while (rest.startsWith(',')) {
      const [value, after] = readValue(rest.slice(1), text, true);
      values.push(value);
      rest = after;
    }
    if (rest !== '' && !/^\s/.test(rest)) throw badFilter(text, `“${rest}” follows a quoted value`);
    terms.push({ kind: 'condition', key, operator, values });
    rest = rest.trimStart();
  }
  return terms;
}

/** One value: quoted with backslash escapes, or up to the next blank (or comma, in a list). */
function readValue(text: string, whole: string, inList: boolean): [value: string, rest: string] {
  const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(text);
  if (quoted !== null) return [(quoted[1] ?? '').replace(/\\(.)/g, '$1'), text.slice(quoted[0].length)];
  if (text.startsWith('"')) throw badFilter(whole, 'a quotation mark is not closed');
  const plain = (inList ? /^[^\s,"]+/ : /^[^\s"]+/).exec(text)?.[0];
  if (plain === undefined) throw badFilter(whole, 'a value is missing');
  return [plain, text.slice(plain.length)];
}

export function badFilter(text: string, why: string): VsocketError {
  return new VsocketError(
    'bad-filter',
    `the filter “${text}” is wrong: ${why}`,
    'see vsockctl help filters',
    ExitCode.usage,
  );
}
