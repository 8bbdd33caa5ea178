import { diagRequest, infoAttribute, protocolTcp, socketId } from './inet-diag-layout.js';

function request(family: number): Buffer {
  const payload = Buffer.alloc(diagRequest.bytes);
  payload[diagRequest.family] = family;
  payload[diagRequest.protocol] = protocolTcp;
  return payload;
}

function askForInfo(payload: Buffer): void {
  payload[diagRequest.extensions] = 1 << (infoAttribute - 1);
}

/** Asks for every TCP socket of a family that is in one of the states, with its tcp_info. */
export function dumpRequest(family: number, states: readonly number[]): Buffer {
  const payload = request(family);
  askForInfo(payload);
  const mask = states.reduce((bits, state) => bits | (1 << state), 0);
  payload.writeUInt32LE(mask, diagRequest.states);
  return payload;
}

/**
 * Asks the kernel to end one socket (SOCK_DESTROY): its program sees ECONNABORTED, the peer a reset.
 * @param id the struct inet_diag_sockid that a dump gave, so the cookie guards against another socket’s end
 */
export function destroyRequest(family: number, id: Buffer): Buffer {
  return exactRequest(family, id);
}

/** Asks for one socket by its whole id: the cookie in it guards against another socket’s answer. */
export function exactRequest(family: number, id: Buffer): Buffer {
  const payload = request(family);
  id.copy(payload, diagRequest.id);
  return payload;
}

/** Asks for the socket that gets this 5-tuple’s segments: a TIME_WAIT remainder too, else a listening one. */
export function lookupRequest(family: number, id: Buffer): Buffer {
  const payload = request(family);
  askForInfo(payload);
  id.copy(payload, diagRequest.id);
  payload.fill(0xff, diagRequest.id + socketId.cookie);
  return payload;
}
