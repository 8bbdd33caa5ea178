/** What our table holds, apart from what the kernel puts into dynamic sets. */
export interface Layout {
  /** Comment by name. */
  counters: Map<string, string>;
  sets: Map<string, SetLayout>;
  chains: Map<string, ChainLayout>;
}

export interface SetLayout {
  kind: 'set' | 'map';
  /** Type and flags, as within the braces. */
  definition: string;
  /** As nft writes them; null: the kernel fills it. */
  elements: ReadonlySet<string> | null;
}

export interface ChainLayout {
  /** Of a base chain: type, hook and priority. */
  hook: string | null;
  rules: readonly string[];
}

export const emptyLayout = (): Layout => ({ counters: new Map(), sets: new Map(), chains: new Map() });
