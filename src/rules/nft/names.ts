import { createHash } from 'node:crypto';
import type { Direction } from '../rule-set.js';

/**
 * Names in our table. They come from digests, never from what users write: words of theirs may be nft’s own. The same
 * thing has the same name on every host and after every restart, so that its counter goes on.
 */

export const table = 'vsocket';

const digest = (...words: string[]): string =>
  createHash('sha256').update(words.join('\0')).digest('hex').slice(0, 12);

export const ruleCounter = (tenant: string, rule: string): string => `r_${digest('rule', tenant, rule)}`;

/** What the tenant’s default decided; `audit`: what it would have, had groups in audit mode been enforced. */
export const defaultCounter = (tenant: string, direction: Direction, audit = false): string =>
  `d_${digest('tenant', tenant)}_${direction}${audit ? '_audit' : ''}`;

export const groupSet = (tenant: string, group: string, family: 4 | 6): string =>
  `g_${digest('group', tenant, group)}_${family}`;

/** Of the host’s VMs, which are few. Of each of 40,000 live ends the name is asked for. */
const vmPrefixes = new Map<string, string>();

/** What belongs to a VM begins with this. */
export function vmPrefix(vm: string): string {
  const known = vmPrefixes.get(vm);
  if (known !== undefined) return known;
  const prefix = `v_${digest('vm', vm)}`;
  vmPrefixes.set(vm, prefix);
  return prefix;
}

/** A chain of rules is named by its content: with another content it is another chain. */
export const policyChain = (lines: readonly string[]): string => `p_${digest('policy', ...lines)}`;
