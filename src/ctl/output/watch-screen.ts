import { formatDuration } from '../text/units.js';
import { patienceMilliseconds } from '../model/patience.js';

/** How often the age is told, in milliseconds. */
const tickMilliseconds = 1000;

/** A list on a terminal, drawn over the one before. Where no newer one comes, the last line says how old it is. */
export class WatchScreen {
  #saidAt: number | null = null;
  readonly #timer: NodeJS.Timeout;

  /** @param pauseMilliseconds between two lists */
  constructor(
    private readonly stdout: NodeJS.WriteStream,
    private readonly pauseMilliseconds: number,
  ) {
    this.#timer = setInterval(() => this.#tellAge(), tickMilliseconds);
  }

  get size(): { columns: number; rows: number } {
    return { columns: this.stdout.columns, rows: this.stdout.rows };
  }

  /** The text of a list that has just come. Nothing flickers, since no line is empty meanwhile. */
  textOver(list: string): string {
    this.#saidAt = performance.now();
    return `\u001b[H${list.replaceAll('\n', '\u001b[K\n')}\u001b[J`;
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #tellAge(): void {
    if (this.#saidAt === null) return;
    const age = performance.now() - this.#saidAt;
    if (age < patienceMilliseconds(this.pauseMilliseconds)) return;
    // The list leaves the last line to the cursor.
    const text = `${formatDuration(age / 1000)} old: not all hosts have answered since`;
    this.stdout.write(
      `\u001b[${String(this.size.rows)};1H\u001b[7m${text.slice(0, this.size.columns - 1)}\u001b[0m\u001b[K`,
    );
  }
}
