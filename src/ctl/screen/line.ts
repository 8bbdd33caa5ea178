import type { Tone } from '../columns/column.js';
import { displayWidth, elide } from '../text/width.js';

/** A piece of a line with one look. Screens name what a piece means; the UI knows the colours. */
export interface Segment {
  text: string;
  tone?: Tone | 'accent';
  bold?: boolean;
  /** The cursor's row, titles, the button in focus. */
  inverse?: boolean;
}

export type Line = Segment[];

/** Characters that an ASCII terminal has no glyph for, and what stands for them. */
export interface Glyphs {
  up: string;
  down: string;
  cut: string;
  mark: string;
  failed: string;
  descending: string;
  ascending: string;
  toTheLeft: string;
  toTheRight: string;
  box: {
    topLeft: string;
    topRight: string;
    bottomLeft: string;
    bottomRight: string;
    across: string;
    side: string;
  };
}

export const unicodeGlyphs: Glyphs = {
  up: '↑',
  down: '↓',
  cut: '…',
  mark: '●',
  failed: '✗',
  descending: '▼',
  ascending: '▲',
  toTheLeft: '‹',
  toTheRight: '›',
  box: { topLeft: '┌', topRight: '┐', bottomLeft: '└', bottomRight: '┘', across: '─', side: '│' },
};

export const asciiGlyphs: Glyphs = {
  up: 'tx',
  down: 'rx',
  cut: '~',
  mark: '*',
  failed: 'x',
  descending: 'v',
  ascending: '^',
  toTheLeft: '<',
  toTheRight: '>',
  box: { topLeft: '+', topRight: '+', bottomLeft: '+', bottomRight: '+', across: '-', side: '|' },
};

/** Cuts or pads a line to exactly `width` columns. The padding looks like the last segment. */
export function fitLine(line: Line, width: number, cut: string): Line {
  const fitted: Line = [];
  let left = width;
  for (const segment of line) {
    if (left <= 0) break;
    const text = elide(segment.text, left, cut);
    left -= displayWidth(text);
    fitted.push({ ...segment, text });
  }
  if (left > 0) fitted.push({ ...fitted.at(-1), text: ' '.repeat(left) });
  return fitted;
}

/** Left and right text on one line; the left one gives way. */
export function spreadLine(left: Line, right: Line, width: number, cut: string): Line {
  const rightWidth = lineWidth(right);
  return rightWidth + 1 >= width
    ? fitLine(left, width, cut)
    : [...fitLine(left, width - rightWidth, cut), ...right];
}

export function lineWidth(line: Line): number {
  return line.reduce((total, segment) => total + displayWidth(segment.text), 0);
}
