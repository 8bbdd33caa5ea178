/** What users of the bindings pass in; the numbers are those of infiniband/verbs.h. */

/** Where the kernel shows each device. */
export const devicesDirectory = '/sys/class/infiniband';
/** Where it shows the file by which programs use a device, `uverbs0`; `ibdev` in there is the device’s name. */
export const deviceFilesDirectory = '/sys/class/infiniband_verbs';

/** enum ibv_access_flags */
export const access = { localWrite: 1, remoteWrite: 2, remoteRead: 4 } as const;

/** enum ibv_send_flags. Inline: the bytes are copied while posting. */
export const sendFlag = { signaled: 2, solicited: 4, inline: 8 } as const;

/** enum ibv_wc_status: the one that is no error. */
export const statusSuccess = 0;
/** enum ibv_wc_status: the queue pair was in state ERR before this request’s turn came. */
export const statusFlushed = 5;

/** enum ibv_wc_opcode: what a completion completes. It has no meaning when the status is an error. */
export const completionOpcode = { rdmaWrite: 1, receive: 128, receiveWriteWithImmediate: 129 } as const;

/** enum ibv_mtu by bytes. */
const mtuCodes: readonly [bytes: number, code: number][] = [
  [256, 1],
  [512, 2],
  [1024, 3],
  [2048, 4],
  [4096, 5],
];

export function mtuBytes(code: number): number | null {
  return mtuCodes.find(([, each]) => each === code)?.[0] ?? null;
}

export function mtuCode(bytes: number): number {
  const found = mtuCodes.find(([each]) => each === bytes);
  if (found === undefined) throw new RangeError(`${bytes} bytes is no MTU of RDMA`);
  return found[1];
}
