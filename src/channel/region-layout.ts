/**
 * Where things are in the memory that a VM shares with its host’s vsockd: byte offsets, sizes and word values.
 * src/guest/region.h is the same in C; test/channel/region-layout.test.ts compiles it and compares.
 * All words are little-endian u32. Ring positions are byte numbers modulo 2^32.
 */

export const regionBytes = 1024 * 1024 * 1024;
export const regionMagic = 0x4b534f56;
export const layoutVersion = 6;
export const slotCount = 2016;
/** Half of it, and a stream waits for its reader’s answer: 0.6 of this speed on one host, and over RDMA. */
export const ringBytes = 256 * 1024;
export const processCount = 256;
/** Waiters of one process: threads or epoll instances that sleep and are woken each on its own. */
export const waiterCount = 1024;
export const noteCount = 4096;
export const holderCount = 1024;
/** A note is a socket’s cookie plus this many times a code of guest-reasons.ts. */
export const noteCodeUnit = 1n << 56n;
/** Words of 32 bits that hold one bit a slot, and words that hold one bit for each of those. */
export const bitmapWords = 64;
export const summaryWords = 2;

/** Offsets in the region. */
export const region = {
  magic: 0,
  version: 4,
  slotCount: 8,
  ringBytes: 12,
  upgradeAfterCalls: 16,
  upgradeAfterBytes: 20,
  guestSpinMicroseconds: 24,
  /** 1: vsockd sleeps; the guest that changes it to 0 rings its channel. */
  hostSleeping: 64,
  /** Guest to host: “look at this slot”. */
  doorbellSummary: 128,
  doorbellBits: 256,
  /** Guest’s own: which slots are taken. */
  slotsTaken: 512,
  /** Cookies of connections made with the library, a direct-mapped table of u64. */
  notes: 4096,
  /** Guest’s own: sockets that several processes have, 16 bytes each. A guest maps no more than up to here at first. */
  holders: 36 * 1024,
  frontBytes: 52 * 1024,
  processes: 128 * 1024,
  slots: 512 * 1024,
  rings: 2 * 1024 * 1024,
} as const;

/** Offsets in the block of one process; the guest takes a block by changing `pid` from 0. */
export const processBlock = {
  bytes: 512,
  pid: 0,
  /** Host to guest: “look at this slot”. */
  summary: 8,
  /** Bit per word of `armed`. */
  armedSummary: 16,
  /** Bit per waiter: it sleeps and wants a byte on its connection. */
  armed: 64,
  bits: 192,
} as const;

/** What a guest says before it closes its socket; with SO_LINGER for no time that is a reset. */
export const closing = { no: 0, yes: 1, withReset: 2 } as const;

/** Offsets in a slot; each group of 64 bytes has one writer. */
export const slot = {
  bytes: 512,
  // guest, cold
  guestState: 0,
  generation: 4,
  cookieLow: 8,
  cookieHigh: 12,
  direction: 16,
  process: 20,
  localPort: 24,
  remotePort: 28,
  localAddress: 32,
  remoteAddress: 48,
  // host, cold
  hostState: 64,
  hostGeneration: 68,
  /** How often the other end’s sender went over to the ring, the last time after this many bytes on TCP. */
  rxStarts: 72,
  rxStartLow: 76,
  rxStartHigh: 80,
  /** The other end sends no more: the stream ends at this ring position. */
  rxFinal: 84,
  rxFinalPosition: 88,
  /**
   * Whether the guest may send in the ring. Set once both ends are open: a sender that began before could end its
   * stream while the other end knew of no ring. Taken back when there is no path for the ring’s bytes any more.
   */
  txAllowed: 92,
  /** How often the other end’s sender went back to TCP, the last time at this ring position. */
  rxStops: 96,
  rxStopPosition: 100,
  /** How many of the guest’s own stops the other end’s reader has passed: before that the ring does not begin anew. */
  txStopsTaken: 104,
  /** 1: the flow is back on TCP for good; the guest may use TCP once it has left the ring. */
  left: 108,
  /** Where `txGate` says frozen: what the guest has in its ring from here on it must put on TCP itself. */
  txFreezePosition: 112,
  /** How often the flow was opened: it goes back to `waiting` where processors are scarce, and is opened again. */
  openings: 116,
  /** Of how many of the guest’s own stops the other end’s reader was told: before that the guest sends nothing on TCP. */
  txStopsTold: 120,
  // guest, the sender’s line
  txHead: 128,
  /** How often the guest went over to the ring, the last time after this many bytes on TCP. */
  txStarts: 132,
  txStartLow: 136,
  txStartHigh: 140,
  /** The guest wants word when the tail moves. */
  txWaiting: 144,
  /** How often it went back to TCP, the last time at this ring position. */
  txStops: 148,
  txStopPosition: 152,
  /** Changed once from open, by the guest that ends its stream or by the host that freezes the ring. */
  txGate: 156,
  // host
  txTail: 192,
  // host, the receiver’s line
  rxHead: 256,
  /** The host wants word when the guest’s tail moves. */
  rxBlocked: 260,
  // guest
  rxTail: 320,
  /** The guest saw the end of the TCP stream and asks where the ring ends. */
  rxEndOfStream: 324,
  /** How often a process of the guest closed its last descriptor of this socket. */
  closeHints: 328,
  /** Of the other end’s stops: how many its reader has passed, so that it reads TCP. */
  rxStopsTaken: 332,
  /** The opening since which whoever reads this socket knows of the ring, so that the other end may send there; 0: none. */
  rxReady: 336,
  /** Code of guest-reasons.ts: why the flow must go back to TCP for good; 0: it need not. */
  leaveReason: 340,
  /** 1: what the guest has not read yet must come again over TCP. */
  leaveFromTail: 344,
  /** Code of guest-reasons.ts: the guest saw what ends the flow with a reset; 0: nothing. */
  fault: 348,
  /** `closing`: a FIN that comes now is that of a close. */
  closing: 352,
  // guest’s own, shared by its processes; the host reads none of it but `txShut`
  guestPrivate: 384,
  /** 1: it ended its stream. */
  txShut: 400,
} as const;

export const guestState = { free: 0, claimed: 1 } as const;
export const hostState = { none: 0, waiting: 1, open: 2, reset: 3 } as const;
export const gate = { open: 0, shut: 1, frozen: 2 } as const;
export const direction = { in: 1, out: 2 } as const;

export function slotOffset(index: number): number {
  return region.slots + index * slot.bytes;
}

export function txRingOffset(index: number): number {
  return region.rings + index * 2 * ringBytes;
}

export function rxRingOffset(index: number): number {
  return txRingOffset(index) + ringBytes;
}

export function processOffset(index: number): number {
  return region.processes + index * processBlock.bytes;
}
