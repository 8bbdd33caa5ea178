/** struct sockaddr_ll of linux/if_packet.h: every protocol, one interface. */
export function sockaddrBytes(interfaceNumber: number): Buffer {
  const address = Buffer.alloc(20);
  address.writeUInt16LE(17, 0);
  address.writeUInt16BE(0x0003, 2);
  address.writeInt32LE(interfaceNumber, 4);
  return address;
}
