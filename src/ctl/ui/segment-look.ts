import type { TextProps } from 'ink';
import type { Segment } from '../screen/line.js';

/** Colours of the terminal's own palette that can be read on light and dark backgrounds. */
const colours: Record<NonNullable<Segment['tone']>, Pick<TextProps, 'color' | 'dimColor'>> = {
  plain: {},
  muted: { dimColor: true },
  good: { color: 'green' },
  warning: { color: 'magenta' },
  bad: { color: 'red' },
  accent: { color: 'blue' },
};

/** How a segment looks. Without colours, what it means is still told by bold, inverse and text. */
export function segmentLook(segment: Segment, colour: boolean): TextProps {
  const { tone = 'plain', bold = false, inverse = false } = segment;
  return { bold, inverse, ...(colour ? colours[tone] : {}) };
}
