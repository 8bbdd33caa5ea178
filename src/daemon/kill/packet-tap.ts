import { interfaceIndex } from '../../native/interface-index.js';
import { RawSocket } from '../../native/raw-socket.js';
import { parseTcpFrame, type CapturedFrame } from './tcp-frame.js';

/** linux/if_packet.h, linux/if_ether.h, bits/socket.h */
const AF_PACKET = 17;
const ETH_P_ALL = 0x0003;
const socketAddressBytes = 20;
const receiveBufferBytes = 1024 * 1024;

/** Frames of one interface: sees what comes in from there before the bridge does, and sends past it. */
export class PacketTap {
  readonly #socket = new RawSocket(AF_PACKET, 0);
  readonly #frame = Buffer.alloc(256);

  /**
   * @param filter a classic BPF program
   * @throws SystemCallError when there is no such interface
   */
  constructor(device: string, filter: Buffer) {
    try {
      this.#socket.attachFilter(filter);
      this.#socket.setReceiveBuffer(receiveBufferBytes);
      const address = Buffer.alloc(socketAddressBytes);
      address.writeUInt16LE(AF_PACKET, 0);
      address.writeUInt16BE(ETH_P_ALL, 2);
      address.writeInt32LE(interfaceIndex(device), 4);
      this.#socket.bind(address);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The TCP frames that waited. */
  *take(): Generator<CapturedFrame> {
    for (;;) {
      const length = this.#socket.receive(this.#frame);
      if (length === null) return;
      const frame = parseTcpFrame(Buffer.from(this.#frame.subarray(0, length)));
      if (frame) yield frame;
    }
  }

  send(frame: Buffer): void {
    this.#socket.send(frame);
  }

  close(): void {
    this.#socket.close();
  }
}
