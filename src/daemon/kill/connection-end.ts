/** An address and port of a TCP connection; the address has 4 or 16 bytes. */
export interface Endpoint {
  address: Buffer;
  port: number;
}

/** One end of a connection and how the host reaches it without asking it. */
export interface ConnectionEnd {
  /** The host’s interface towards this end: a VM’s, or the VxLAN device of its network. */
  device: string;
  /** Null until a frame tells it: the other host’s VM is not in our configuration. */
  mac: Buffer | null;
  /** The source that frames to this end show. */
  peerMac: Buffer;
  here: Endpoint;
  peer: Endpoint;
}

/** A connection to end; `ends` holds one end when the host has no way to the other. */
export interface DoomedConnection {
  key: string;
  ends: ConnectionEnd[];
}
