import {
  diagRequest,
  infoAttribute,
  netlinkFlag,
  netlinkHeader,
  netlinkType,
  protocolTcp,
  socketId,
} from './inet-diag-layout.js';

const messageBytes = netlinkHeader.bytes + diagRequest.bytes;

function request(type: number, flags: number, sequence: number, family: number): Buffer {
  const message = Buffer.alloc(messageBytes);
  message.writeUInt32LE(messageBytes, netlinkHeader.length);
  message.writeUInt16LE(type, netlinkHeader.type);
  message.writeUInt16LE(flags, netlinkHeader.flags);
  message.writeUInt32LE(sequence, netlinkHeader.sequence);
  message[netlinkHeader.bytes + diagRequest.family] = family;
  message[netlinkHeader.bytes + diagRequest.protocol] = protocolTcp;
  return message;
}

function askForInfo(message: Buffer): void {
  message[netlinkHeader.bytes + diagRequest.extensions] = 1 << (infoAttribute - 1);
}

/** Asks for every TCP socket of a family that is in one of the states, with its tcp_info. */
export function dumpRequest(sequence: number, family: number, states: readonly number[]): Buffer {
  const message = request(
    netlinkType.sockDiagByFamily,
    netlinkFlag.request | netlinkFlag.dump,
    sequence,
    family,
  );
  askForInfo(message);
  const mask = states.reduce((bits, state) => bits | (1 << state), 0);
  message.writeUInt32LE(mask, netlinkHeader.bytes + diagRequest.states);
  return message;
}

/**
 * Asks the kernel to end one socket (SOCK_DESTROY): its program sees ECONNABORTED, the peer a reset.
 * @param id the struct inet_diag_sockid that a dump gave, so the cookie guards against another socket’s end
 */
export function destroyRequest(sequence: number, family: number, id: Buffer): Buffer {
  const message = request(
    netlinkType.sockDestroy,
    netlinkFlag.request | netlinkFlag.acknowledge,
    sequence,
    family,
  );
  id.copy(message, netlinkHeader.bytes + diagRequest.id);
  return message;
}

/** Asks for the socket that gets this 5-tuple’s segments: a TIME_WAIT remainder too, else a listening one. */
export function lookupRequest(sequence: number, family: number, id: Buffer): Buffer {
  const message = request(netlinkType.sockDiagByFamily, netlinkFlag.request, sequence, family);
  askForInfo(message);
  id.copy(message, netlinkHeader.bytes + diagRequest.id);
  message.fill(0xff, netlinkHeader.bytes + diagRequest.id + socketId.cookie);
  return message;
}
