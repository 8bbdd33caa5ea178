import { LineCounter, parseDocument, type Document } from 'yaml';
import { isNode, isPair, isMap } from 'yaml';
import { ExitCode } from '../errors/exit-code.js';
import { VsocketError } from '../errors/vsocket-error.js';
import type { z } from 'zod';
import { checkRuleSet, type RuleSetProblem } from './check-rule-set.js';
import { RuleSet } from './rule-set.js';

/**
 * Reads a rule set from YAML or JSON (which is YAML).
 * @param source what errors call it: the file’s name
 * @throws VsocketError one line with the line, the column and the key
 */
export function parseRuleSet(text: string, source: string): RuleSet {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${source}:${line}:${col}`;
  };
  const [error] = document.errors;
  if (error !== undefined) throw badRules(at(error.pos[0]), error.message.split('\n')[0]!);
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  const parsed = RuleSet.safeParse(value);
  const issue = parsed.success ? checkRuleSet(parsed.data) : tellingIssue(parsed.error.issues[0]!);
  if (issue === null || issue === undefined) return parsed.data!;
  const where = issue.path.join('.');
  throw badRules(at(offsetOf(document, issue.path)), `${where === '' ? '' : `${where}: `}${issue.message}`);
}

/**
 * The same for a value that came over the API.
 * @throws VsocketError with the key
 */
export function checkedRuleSet(value: unknown): RuleSet {
  const parsed = RuleSet.safeParse(value);
  const issue = parsed.success ? checkRuleSet(parsed.data) : tellingIssue(parsed.error.issues[0]!);
  if (issue === null || issue === undefined) return parsed.data!;
  throw badRules('the rule set', `${issue.path.join('.')}: ${issue.message}`);
}

/** What fits none of several forms is explained by the form that it nearly has. */
function tellingIssue(issue: z.core.$ZodIssue): RuleSetProblem {
  if (issue.code !== 'invalid_union') return issue;
  const nearest = issue.errors.flat().find((each) => each.code === 'custom' || each.code === 'too_big');
  return nearest === undefined ? issue : { ...nearest, path: [...issue.path, ...nearest.path] };
}

/** Where the deepest part of a path that is there begins: at its key, where it has one. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let depth = path.length; depth > 0; depth--) {
    const parent = document.getIn(path.slice(0, depth - 1), true);
    const last = path[depth - 1];
    if (isMap(parent)) {
      const pair = parent.items.find(
        (item) => isPair(item) && isNode(item.key) && item.key.toJSON() === last,
      );
      if (isNode(pair?.key) && pair.key.range) return pair.key.range[0];
    }
    const node = document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

function badRules(where: string, why: string): VsocketError {
  return new VsocketError('bad-rules', `${where}: ${why}`, '', ExitCode.usage);
}
