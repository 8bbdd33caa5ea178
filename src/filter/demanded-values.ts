import { parseFilter, type Expression } from './parse-filter.js';

/** The values of which a row must have one, as `vm=red1,red2` says; null where the filter demands none, or a pattern. */
export function demandedValues(filter: string, key: string): string[] | null {
  const demanded = (expression: Expression): string[] | null => {
    if (expression.kind === 'and') {
      for (const part of expression.parts) {
        const values = demanded(part);
        if (values !== null) return values;
      }
      return null;
    }
    if (expression.kind !== 'condition' || expression.operator !== '=') return null;
    const { values } = expression;
    const isName = values.every(({ text, quoted }) => quoted || !/^-$|\*/.test(text));
    return expression.key.toLowerCase() === key.toLowerCase() && isName
      ? values.map(({ text }) => text)
      : null;
  };
  return demanded(parseFilter(filter));
}
