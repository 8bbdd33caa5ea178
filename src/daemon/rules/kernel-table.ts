import { SystemCallError } from '../../native/libc.js';
import { difference } from '../../rules/nft/difference.js';
import type { Layout } from '../../rules/nft/layout.js';
import { table } from '../../rules/nft/names.js';
import { nftSteps } from '../nft-program.js';
import type { LiveEnd } from './live-end.js';
import { elementLines } from './live-ends.js';
import { readNames, tableDigest } from './read-table.js';

/** Our table in the kernel. */
export class KernelTable {
  /** What the kernel has; null: not known. */
  #installed: Layout | null = null;
  #digest: string | null = null;

  /**
   * Makes the kernel’s table this one, in one transaction.
   * @param open what is open now: where the kernel may not know it, it is told
   * @throws Error with nft’s words; then the kernel has what it had
   */
  async install(layout: Layout, open: () => Promise<LiveEnd[]>): Promise<void> {
    if (this.#installed === null) await this.#writeAnew(layout, open);
    else await nftSteps(difference(this.#installed, layout));
    this.#installed = layout;
    this.#digest = null;
  }

  /** Whatever is there now. */
  async #writeAnew(layout: Layout, open: () => Promise<LiveEnd[]>): Promise<void> {
    const found = await readNames((set) => layout.sets.get(set)?.elements != null);
    await nftSteps(difference(found, layout, elementLines('add', await open())));
  }

  /**
   * Whether the table is as it was left; the first call after a change takes note of how that is.
   * @returns false: somebody else has changed it
   */
  async isAsLeft(): Promise<boolean> {
    const layout = this.#installed;
    if (layout === null) return false;
    // What is missing in it is a change, too.
    const digest = await tableDigest(layout.sets).catch((error: unknown) => {
      if (error instanceof SystemCallError) return null;
      throw error;
    });
    // Changed by ourselves meanwhile.
    if (this.#installed !== layout) return true;
    if (this.#digest === null && digest !== null) this.#digest = digest;
    return digest !== null && this.#digest === digest;
  }

  /** Makes it what it should be, whatever somebody else made of it. */
  async mend(open: () => Promise<LiveEnd[]>): Promise<void> {
    const layout = this.#installed;
    if (layout === null) return;
    try {
      await this.#writeAnew(layout, open);
    } catch {
      // A set of ours has become another one: nothing of the table can stay.
      const anew = [`add table bridge ${table}`, `delete table bridge ${table}`];
      await nftSteps([anew, ...difference(null, layout, elementLines('add', await open()))]);
    }
    this.#digest = null;
    await this.isAsLeft();
  }
}
