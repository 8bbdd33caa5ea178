import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionEnd, DoomedConnection, Endpoint } from './connection-end.js';
import { buildTcpFrame, tcpFlag, type CapturedFrame, type TcpSegment } from './tcp-frame.js';

/** When an end that has not answered is asked, counted from the start. */
const probeAtMilliseconds = [0, 30, 90, 160];
const giveUpMilliseconds = 250;
/** How long silence must last after the last reset. */
const quietMilliseconds = 20;
/**
 * An end that is silent then is asked so often whether it is there still. What was on its way to it may have moved its
 * sequence number on behind the reset, and it may acknowledge that 40 ms later (TCP_DELACK_MIN).
 */
const mostConfirmations = 2;
/** An end that answers resets so often takes none. */
const resetsPerEnd = 8;

/** Of a PacketTap: frames that came in on a device, and a way to send some. */
export interface Tap {
  take(): Iterable<CapturedFrame>;
  send(frame: Buffer): void;
}

interface EndState {
  end: ConnectionEnd;
  other: EndState | null;
  tap: Tap;
  resets: number;
  gone: boolean;
}

/**
 * Resets connections from outside. A spoofed SYN makes a kernel answer with a challenge ACK that tells the sequence
 * number it expects next (RFC 5961, 4); a reset with exactly that number it must believe (section 3).
 */
export async function resetRound(
  connections: DoomedConnection[],
  taps: ReadonlyMap<string, Tap>,
): Promise<void> {
  const states = new Map<string, EndState>();
  for (const { ends } of connections) {
    const pair = ends.map((end): EndState => {
      return { end, other: null, tap: taps.get(end.device)!, resets: 0, gone: false };
    });
    pair.forEach((state, index) => {
      state.other = pair[1 - index] ?? null;
      states.set(keyOf(state.end.device, state.end.here, state.end.peer), state);
    });
  }
  const startedAt = performance.now();
  let quietSince = startedAt;
  let probes = 0;
  let confirmations = 0;
  for (;;) {
    const elapsed = performance.now() - startedAt;
    if (probes < probeAtMilliseconds.length && elapsed >= probeAtMilliseconds[probes]!) {
      for (const state of states.values()) if (state.resets === 0 && !state.gone) probe(state, probes);
      probes++;
    }
    for (const [device, tap] of taps)
      for (const frame of tap.take()) {
        const state = states.get(keyOf(device, frame.source, frame.destination));
        if (state && answer(state, frame)) quietSince = performance.now();
      }
    const left = [...states.values()].filter((state) => !state.gone);
    if (left.length === 0) return;
    if (left.every(({ resets }) => resets > 0) && performance.now() - quietSince > quietMilliseconds) {
      if (confirmations === mostConfirmations) return;
      confirmations++;
      quietSince = performance.now();
      for (const state of left) probe(state, oldData);
    }
    if (elapsed > giveUpMilliseconds) return;
    await sleep(1);
  }
}

function keyOf(device: string, source: Endpoint, destination: Endpoint): string {
  const name = ({ address, port }: Endpoint): string => `${address.toString('hex')}:${port}`;
  return `${device} ${name(source)} ${name(destination)}`;
}

/** The kind of probe that is always answered. */
const oldData = 1;

/**
 * A kernel answers a SYN within a connection at most twice a second (tcp_invalid_ratelimit), but old data always:
 * so every other probe is a byte that is far from any window.
 */
function probe(state: EndState, round: number): void {
  const none = Buffer.alloc(0);
  const sequence = randomInt(2 ** 32);
  if (round % 2 !== oldData) send(state, { sequence, acknowledgement: 0, flags: tcpFlag.syn, payload: none });
  else {
    const acknowledgement = randomInt(2 ** 32);
    send(state, { sequence, acknowledgement, flags: tcpFlag.ack, payload: randomBytes(1) });
  }
}

/** @returns whether a reset was sent */
function answer(state: EndState, frame: CapturedFrame): boolean {
  learnMac(state, frame);
  if (frame.flags & tcpFlag.rst) {
    state.gone = true;
    return false;
  }
  if (!(frame.flags & tcpFlag.ack) || state.resets === resetsPerEnd) return false;
  state.resets++;
  send(state, {
    sequence: frame.acknowledgement,
    acknowledgement: 0,
    flags: tcpFlag.rst,
    payload: Buffer.alloc(0),
  });
  return true;
}

/** Where this end sends its frames is where the other end is. */
function learnMac({ other }: EndState, frame: CapturedFrame): void {
  if (other === null || other.end.mac !== null) return;
  other.end.mac = frame.destinationMac;
  probe(other, 0);
}

function send({ end, tap }: EndState, segment: TcpSegment): void {
  if (end.mac === null) return;
  tap.send(buildTcpFrame({ ...end.peer, mac: end.peerMac }, { ...end.here, mac: end.mac }, segment));
}
