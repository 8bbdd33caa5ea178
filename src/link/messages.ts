import { z } from 'zod';
import { guestReasons } from '../channel/guest-reasons.js';

/** What two vsockd say to each other over a link’s TLS, as JSON. Numbers of bytes are counted from the flow’s begin. */

/**
 * Versions of this protocol that this vsockd speaks. The size of rings is part of it: a byte has the same place in the
 * sender’s and the receiver’s (channel/region-layout.ts). 2: rings of 256 KiB. 3: flows go back to TCP for good.
 */
export const protocol = { lowest: 3, highest: 3 } as const;

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const u32 = z.number().int().min(0).max(0xffff_ffff);
/** A flow end’s number on its own host. */
const handle = z.number().int().min(0).max(0x7fff);
/** The cookie of an end’s socket: tells it from another end that had the same number before. */
const cookie = z.string().regex(/^[0-9]{1,20}$/);
const port = z.number().int().min(1).max(65535);
const address = z.union([z.ipv4(), z.ipv6()]);

/** Our end of the queue pairs of a session. */
export const RdmaOffer = z.object({
  device: z.string().max(64),
  port: z.number().int().min(1).max(255),
  gid: z.string().regex(/^[0-9a-f]{32}$/),
  /** Only InfiniBand has one. */
  lid: z.number().int().min(0).max(0xffff),
  mtuBytes: z.number().int().min(256).max(4096),
  queuePairs: z
    .array(z.object({ number: u32, psn: z.number().int().min(0).max(0xff_ffff) }))
    .min(1)
    .max(8),
});
export type RdmaOffer = z.infer<typeof RdmaOffer>;

export const Hello = z.object({
  type: z.literal('hello'),
  protocol: z.object({ lowest: z.number().int(), highest: z.number().int() }),
  version: z.string().max(64),
  host: z.string().max(63),
  carryWithoutRdma: z.boolean(),
  rdma: RdmaOffer.nullable(),
  /** Why there is no offer. */
  rdmaReason: z.string().max(200).nullable(),
});
export type Hello = z.infer<typeof Hello>;

/** Where the other host’s NIC may write: the receive ring of one flow end. */
const RingTarget = z.object({ address: count, key: u32 });
export type RingTarget = z.infer<typeof RingTarget>;

/**
 * All that the other host needs to know of one flow end. It is sent whole whenever something of it changes, and for
 * every end when a session begins: so nothing is lost with a session, and a message that comes twice does no harm.
 */
export const EndState = z.object({
  type: z.literal('end'),
  handle,
  cookie,
  /** The other host’s number for its end, as far as we know it. */
  farHandle: handle.nullable(),
  vni: z.number().int().min(1).max(0xff_ffff),
  localAddress: address,
  localPort: port,
  remoteAddress: address,
  remotePort: port,
  state: z.enum(['waiting', 'open', 'reset']),
  /** Ring bytes known to be in the other end’s ring, and put into this end’s. */
  sent: count,
  received: count,
  /** How many of those its reader has taken. */
  tail: count,
  /** Whoever reads there knows of the ring: the other end may send in it. */
  ready: z.boolean(),
  /** It must go back to TCP for good, and why; it reads on from this ring byte, or where the other end’s ring stops. */
  leaves: z.enum(guestReasons).nullable(),
  leavesFrom: count.nullable(),
  /** It was told so by the other end, and its own ring has stopped: `stopBytes`. */
  agrees: z.boolean(),
  /** It knows where the other end’s ring stops, and uses TCP from there on. */
  left: z.boolean(),
  /** How often its sender went over to the ring, the last time after so many bytes on TCP. */
  starts: u32,
  startBytes: count,
  /** How often it went back to TCP, the last time after so many ring bytes. */
  stops: u32,
  stopBytes: count,
  /** How many of the other end’s stops its reader has passed. */
  stopsTaken: u32,
  /** Of how many of those it was told. Not said by a vsockd of before. */
  stopsTold: u32.optional(),
  /** Its reader saw the end of the TCP stream and asks where the ring ends; and the answer to that question. */
  asksEnd: z.boolean(),
  endBytes: count.nullable(),
  /** Its socket is closed; so many ring bytes are all that it wrote. */
  closedAt: count.nullable(),
  /** It will put nothing more into the other end’s ring: that ring’s memory may be used anew. */
  done: z.boolean(),
  ring: RingTarget.nullable(),
});
export type EndState = z.infer<typeof EndState>;

/** The sender’s end does not exist any more; `far` is the receiver’s that may have been joined with it. */
export const Gone = z.object({
  type: z.literal('gone'),
  handle,
  /** Null in the answer to a message about an end that is not known any more. */
  cookie: cookie.nullable(),
  far: z.object({ handle, cookie }).nullable(),
});
export type Gone = z.infer<typeof Gone>;

export const ControlMessage = z.discriminatedUnion('type', [
  Hello,
  EndState,
  Gone,
  /** Our queue pairs can receive; then: bytes went through all of them. */
  z.object({ type: z.literal('rdma-ready') }),
  z.object({ type: z.literal('rdma-proven') }),
  /** The session ends, and why. */
  z.object({ type: z.literal('bye'), reason: z.string().max(200) }),
]);
export type ControlMessage = z.infer<typeof ControlMessage>;
