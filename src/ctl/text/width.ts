import stringWidth from 'string-width';

export type Alignment = 'left' | 'right';

const plainAscii = /^[\x20-\x7e]*$/;

/** Columns that the text takes on a terminal. */
export function displayWidth(text: string): number {
  return plainAscii.test(text) ? text.length : stringWidth(text);
}

/** Cuts text to a width, with a mark where it was cut. */
export function elide(text: string, width: number, mark = '…'): string {
  if (displayWidth(text) <= width) return text;
  if (width <= 0) return '';
  let kept = '';
  for (const character of text) {
    if (displayWidth(kept + character) > width - 1) break;
    kept += character;
  }
  return kept + mark;
}

/** The text in exactly `width` columns: cut or padded. */
export function fit(text: string, width: number, align: Alignment = 'left', mark = '…'): string {
  const cut = elide(text, width, mark);
  const padding = ' '.repeat(Math.max(0, width - displayWidth(cut)));
  return align === 'left' ? cut + padding : padding + cut;
}
