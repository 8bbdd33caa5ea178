import type { Attempt } from './attempt.js';
import { claimAttempts } from './claim-attempts.js';
import { linkAttempts } from './link-attempts.js';
import { packetAttempts } from './packet-attempts.js';

/** Every try there is, one after another. */
export async function isolationAttempts(tell: (attempt: Attempt) => void): Promise<void> {
  linkAttempts(tell);
  await claimAttempts(tell);
  await packetAttempts(tell);
}
