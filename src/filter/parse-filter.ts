import { FilterError } from './filter-error.js';
import { operatorsByLength, type Operator } from './operators.js';

/** One value as it was written. */
export interface Value {
  text: string;
  /** In quotes: taken as it is, no pattern and not checked against the words that are known. */
  quoted: boolean;
  at: number;
}

export type Condition = { kind: 'condition'; key: string; operator: Operator; values: Value[]; at: number };

export type Expression =
  | { kind: 'and' | 'or'; parts: Expression[] }
  | { kind: 'not'; part: Expression }
  | { kind: 'word'; word: string }
  | Condition;

/** Deeper brackets are a mistake, or meant to exhaust the stack. */
const deepest = 64;

/** Reads a filter; an empty one is an `and` of nothing. @throws FilterError */
export function parseFilter(text: string): Expression {
  return new Parser(text).whole();
}

class Parser {
  #at = 0;
  #depth = 0;

  constructor(private readonly text: string) {}

  whole(): Expression {
    this.#blanks();
    if (this.#ended) return { kind: 'and', parts: [] };
    const expression = this.#or();
    if (!this.#ended) throw this.#wrong('nothing opens what this “)” closes');
    return expression;
  }

  #or(): Expression {
    const parts = [this.#and()];
    while (this.#keyword('or')) parts.push(this.#and());
    return parts.length === 1 ? parts[0]! : { kind: 'or', parts };
  }

  /** Conditions side by side must all hold; `and` between them says the same. */
  #and(): Expression {
    const parts: Expression[] = [];
    let beside = false;
    for (;;) {
      const part = this.#not();
      const before = beside ? parts.find((one) => isAlternative(one, part)) : undefined;
      // `vm=red1 vm=red2`: values of one key add up.
      if (before?.kind === 'condition' && part.kind === 'condition') before.values.push(...part.values);
      else parts.push(part);
      if (this.#keyword('and')) beside = false;
      else if (this.#ended || this.#next === ')' || this.#sees('or')) break;
      else beside = true;
    }
    return parts.length === 1 ? parts[0]! : { kind: 'and', parts };
  }

  #not(): Expression {
    if (this.#keyword('not')) return { kind: 'not', part: this.#not() };
    if (this.#next === '!' && !/\s|^$/.test(this.text[this.#at + 1] ?? '')) {
      this.#at += 1;
      return { kind: 'not', part: this.#not() };
    }
    if (this.#next !== '(') return this.#term();
    const opened = this.#at;
    if ((this.#depth += 1) > deepest) throw this.#wrong('so many brackets within each other');
    this.#at += 1;
    this.#blanks();
    const inner = this.#or();
    if (this.text[this.#at] !== ')') throw new FilterError(this.text, opened, 'this “(” is not closed');
    this.#depth -= 1;
    this.#at += 1;
    this.#blanks();
    return inner;
  }

  #term(): Expression {
    const at = this.#at;
    const key = /^[A-Za-z][A-Za-z0-9]*/.exec(this.text.slice(at))?.[0] ?? '';
    const operator =
      key === '' ? undefined : operatorsByLength.find((name) => this.text.startsWith(name, at + key.length));
    if (operator === undefined) {
      const { text } = this.#value(/^[^\s()"]+/);
      // Every row has it: `-f '"$NAME"'` with an unset variable would mean all of them.
      if (text === '') throw new FilterError(this.text, at, 'an empty word, which is in every row');
      this.#blanks();
      return { kind: 'word', word: text };
    }
    this.#at += key.length + operator.length;
    if (operator === '=' && this.#next === '=') throw this.#wrong('one = is enough');
    const values = [this.#value(/^[^\s,()"]+/)];
    while (this.#next === ',') {
      this.#at += 1;
      values.push(this.#value(/^[^\s,()"]+/));
    }
    if (!this.#ended && !/[\s)]/.test(this.#next)) throw this.#wrong('this follows a quoted value');
    this.#blanks();
    return { kind: 'condition', key, operator, values, at };
  }

  #value(plain: RegExp): Value {
    const at = this.#at;
    const rest = this.text.slice(at);
    const quoted = /^"((?:[^"\\]|\\.)*)"/s.exec(rest);
    if (quoted !== null) {
      this.#at += quoted[0].length;
      return { text: (quoted[1] ?? '').replace(/\\(.)/gs, '$1'), quoted: true, at };
    }
    if (rest.startsWith('"')) throw this.#wrong('this quotation mark is not closed');
    const text = plain.exec(rest)?.[0];
    if (text === undefined) throw this.#wrong('a value is missing here');
    this.#at += text.length;
    return { text, quoted: false, at };
  }

  #keyword(word: string): boolean {
    if (!this.#sees(word)) return false;
    this.#at += word.length;
    this.#blanks();
    return true;
  }

  #sees(word: string): boolean {
    return new RegExp(`^${word}(?![^\\s(])`, 'i').test(this.text.slice(this.#at));
  }

  #blanks(): void {
    while (/^\s$/.test(this.text[this.#at] ?? '')) this.#at += 1;
  }

  get #next(): string {
    return this.text[this.#at] ?? '';
  }

  get #ended(): boolean {
    return this.#at >= this.text.length;
  }

  #wrong(why: string): FilterError {
    return new FilterError(this.text, this.#at, why);
  }
}

function isAlternative(one: Expression, other: Expression): boolean {
  if (one.kind !== 'condition' || other.kind !== 'condition' || one.operator !== other.operator) return false;
  return one.key.toLowerCase() === other.key.toLowerCase() && (one.operator === '=' || one.operator === '~');
}
