import { Writable } from 'node:stream';
import { displayWidth } from '../text/width.js';
import { stripVTControlCharacters } from 'node:util';

/**
 * The stream that Ink writes to. In its debug mode Ink hands over each whole screen; this puts only the lines that
 * changed on the terminal, each at its absolute place, in one synchronized write. Ink’s own writer moves the cursor
 * relative to where it believes it to be, clears all when a screen is full, and does nothing at all when CI is set.
 */
export class FrameWriter extends Writable {
  /** Not a terminal for Ink: it must send nothing of its own accord. */
  readonly isTTY = false;
  columns: number;
  rows: number;
  #shown: string[] = [];
  #lines: string[] = [];

  constructor(private readonly terminal: NodeJS.WriteStream) {
    super({ decodeStrings: false });
    this.columns = terminal.columns;
    this.rows = terminal.rows;
  }

  resize(): void {
    this.columns = this.terminal.columns;
    this.rows = this.terminal.rows;
    this.#shown = [];
    this.emit('resize');
  }

  /** Draws all lines again, onto a screen that holds nothing of ours any more. */
  redraw(): void {
    this.#shown = [];
    this.terminal.write('\u001b[2J');
    this.#draw();
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    this.#lines = chunk.toString().split('\n').slice(0, this.rows);
    this.#draw();
    done();
  }

  #draw(): void {
    let changes = '';
    const height = Math.max(this.#lines.length, this.#shown.length);
    for (let row = 0; row < height; row += 1) {
      const line = this.#lines[row] ?? '';
      if (line === this.#shown[row]) continue;
      // Erasing after a full line would take its last character along.
      const full = displayWidth(stripVTControlCharacters(line)) >= this.columns;
      changes += `\u001b[${String(row + 1)};1H${line}\u001b[0m${full ? '' : '\u001b[K'}`;
    }
    this.#shown = this.#lines;
    if (changes !== '') this.terminal.write(`\u001b[?2026h${changes}\u001b[?2026l`);
  }
}
