import { emptyLayout, type Layout, type SetLayout } from './layout.js';
import { table } from './names.js';

const whole = `bridge ${table}`;
/** nft reads long lines slowly. */
const elementsInOneLine = 500;

/**
 * The commands that turn one layout of our table into another; for nft they are one transaction. What stays is not
 * touched: counters go on, and no set is without its elements for a moment. They come in steps of commands that belong
 * together: where they cannot be one transaction, each step in its turn leaves a table that lets nothing more through.
 * @param seeds commands that put into dynamic sets what is open now
 */
export function difference(before: Layout | null, after: Layout, seeds: readonly string[] = []): string[][] {
  const old = before ?? emptyLayout();
  const created: string[] = before === null ? [`add table ${whole}`] : [];
  const filled: string[][] = [];
  const deleted: string[] = [];
  for (const [name, comment] of after.counters)
    if (!old.counters.has(name)) created.push(`add counter ${whole} ${name} { comment "${comment}"; }`);
  for (const [name, set] of after.sets) {
    const known = old.sets.get(name);
    if (known === undefined) created.push(`add ${set.kind} ${whole} ${name} { ${set.definition} }`);
  }
  for (const [name, { hook, rules }] of after.chains) {
    const known = old.chains.get(name);
    if (known === undefined) created.push(`add chain ${whole} ${name}${hook === null ? '' : ` { ${hook} }`}`);
    if (known !== undefined && sameRules(known.rules, rules)) continue;
    filled.push([
      ...(known === undefined ? [] : [`flush chain ${whole} ${name}`]),
      ...rules.map((rule) => `add rule ${whole} ${name} ${rule}`),
    ]);
  }
  for (const [name, set] of after.sets) filled.push(elementChanges(name, old.sets.get(name), set));
  // In the order in which they use each other: rules go before the sets and counters that they name.
  const gone = (of: 'sets' | 'chains' | 'counters'): string[] =>
    [...old[of].keys()].filter((name) => !after[of].has(name));
  for (const name of gone('chains')) deleted.push(`flush chain ${whole} ${name}`);
  for (const name of gone('chains')) deleted.push(`delete chain ${whole} ${name}`);
  for (const name of gone('sets')) deleted.push(`delete ${old.sets.get(name)!.kind} ${whole} ${name}`);
  for (const name of gone('counters')) deleted.push(`delete counter ${whole} ${name}`);
  return [...[...created, ...seeds].map((line) => [line]), ...filled, ...deleted.map((line) => [line])];
}

function sameRules(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((rule, index) => rule === b[index]);
}

function elementChanges(name: string, before: SetLayout | undefined, after: SetLayout): string[] {
  if (after.elements === null) return [];
  const old = before?.elements ?? new Set<string>();
  const changes = (verb: string, elements: string[]): string[] => {
    const lines: string[] = [];
    for (let at = 0; at < elements.length; at += elementsInOneLine)
      lines.push(
        `${verb} element ${whole} ${name} { ${elements.slice(at, at + elementsInOneLine).join(', ')} }`,
      );
    return lines;
  };
  return [
    // First: a map’s element may come back with another value.
    ...changes(
      'delete',
      [...old].filter((element) => !after.elements!.has(element)),
    ),
    ...changes(
      'add',
      [...after.elements].filter((element) => !old.has(element)),
    ),
  ];
}
