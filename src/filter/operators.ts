/** The comparisons, as data: the parser, the help and the man pages read them from here. */
export const operators = {
  '!=': 'is none of the values',
  '!~': 'contains none of the values',
  '<=': 'is at most',
  '>=': 'is at least',
  '=': 'is one of the values; * stands for anything, 80-90 for a range, 10.0.0.0/8 for a network',
  '~': 'contains one of the values',
  '<': 'is less than',
  '>': 'is more than',
} as const;

export type Operator = keyof typeof operators;

/** Longest first, so that `<=` is not read as `<`. */
export const operatorsByLength = (Object.keys(operators) as Operator[]).sort((a, b) => b.length - a.length);
