/**
 * Why a guest’s library keeps a connection on TCP, takes it back there for good, or ends it: the codes in a VM’s memory.
 * The order is the number; src/guest/channel/reasons.h is the same (a test compares the two). The texts for people are in
 * api/flow.ts.
 */
export const guestReasons = [
  'short',
  'not-carried',
  'no-room',
  'excluded',
  'shared',
  'standard-stream',
  'stdio',
  'handed-on',
  'inherited',
  'socket-option',
  'call',
  'urgent-data',
  'sandbox',
  'shared-epoll',
  'behind-library',
] as const;
export type GuestReason = (typeof guestReasons)[number];

/** The reason that a word or a note of a guest names; null where it names none. */
export function guestReason(code: number): GuestReason | null {
  return guestReasons[code] ?? null;
}

/** The same by its name; what is none counts as `not-carried`. */
export function guestReasonNamed(name: string | null | undefined): GuestReason {
  return guestReasons.find((reason) => reason === name) ?? 'not-carried';
}
