import koffi from 'koffi';
import { SystemCallError } from '../libc.js';

/** Everything goes in and out as numbers: addresses are below 2^53, and koffi passes a number fastest. */
export type NativeFunction = (...numbers: number[]) => number;

/** infiniband/verbs.h; the two with an underscore are what its inline functions call. */
const signatures = {
  getDeviceList: 'uintptr_t ibv_get_device_list(uintptr_t count)',
  getDeviceIndex: 'int ibv_get_device_index(uintptr_t device)',
  freeDeviceList: 'void ibv_free_device_list(uintptr_t list)',
  openDevice: 'uintptr_t ibv_open_device(uintptr_t device)',
  closeDevice: 'int ibv_close_device(uintptr_t context)',
  queryDevice: 'int ibv_query_device(uintptr_t context, uintptr_t attributes)',
  queryPort: 'int ibv_query_port(uintptr_t context, uint8_t port, uintptr_t attributes)',
  queryGid:
    'int _ibv_query_gid_ex(uintptr_t context, uint32_t port, uint32_t index, uintptr_t entry, uint32_t flags, size_t entryBytes)',
  queryGidTable:
    'intptr_t _ibv_query_gid_table(uintptr_t context, uintptr_t entries, size_t count, uint32_t flags, size_t entryBytes)',
  getAsyncEvent: 'int ibv_get_async_event(uintptr_t context, uintptr_t event)',
  ackAsyncEvent: 'void ibv_ack_async_event(uintptr_t event)',
  allocPd: 'uintptr_t ibv_alloc_pd(uintptr_t context)',
  deallocPd: 'int ibv_dealloc_pd(uintptr_t pd)',
  regMr: 'uintptr_t ibv_reg_mr(uintptr_t pd, uintptr_t address, size_t length, int access)',
  deregMr: 'int ibv_dereg_mr(uintptr_t mr)',
  createCompChannel: 'uintptr_t ibv_create_comp_channel(uintptr_t context)',
  destroyCompChannel: 'int ibv_destroy_comp_channel(uintptr_t channel)',
  createCq:
    'uintptr_t ibv_create_cq(uintptr_t context, int depth, uintptr_t cqContext, uintptr_t channel, int vector)',
  destroyCq: 'int ibv_destroy_cq(uintptr_t cq)',
  getCqEvent: 'int ibv_get_cq_event(uintptr_t channel, uintptr_t cq, uintptr_t cqContext)',
  ackCqEvents: 'void ibv_ack_cq_events(uintptr_t cq, unsigned int count)',
  createQp: 'uintptr_t ibv_create_qp(uintptr_t pd, uintptr_t attributes)',
  modifyQp: 'int ibv_modify_qp(uintptr_t qp, uintptr_t attributes, int mask)',
  queryQp: 'int ibv_query_qp(uintptr_t qp, uintptr_t attributes, int mask, uintptr_t initAttributes)',
  destroyQp: 'int ibv_destroy_qp(uintptr_t qp)',
} as const;

export type VerbsLibrary = Record<keyof typeof signatures, NativeFunction>;

/** The version of the soname that the layouts are of. */
export const librarySoname = 'libibverbs.so.1';

/** @throws Error where the library is missing or lacks a function */
export function openVerbsLibrary(): VerbsLibrary {
  // What was on a device that its driver took away is gone: to destroy it succeeds (ibv_close_device(3)).
  process.env['RDMAV_ALLOW_DISASSOC_DESTROY'] = '1';
  const library = koffi.load(librarySoname);
  const entries = Object.entries(signatures).map(([name, signature]) => [name, library.func(signature)]);
  return Object.fromEntries(entries) as VerbsLibrary;
}

/** For functions that return an object or NULL with errno. Call it right after. */
export function created(call: string, address: number): number {
  if (address === 0) throw new SystemCallError(call, koffi.errno());
  return address;
}

/** For functions that return 0 or an errno, which some providers negate. */
export function succeeded(call: string, errno: number): void {
  if (errno !== 0) throw new SystemCallError(call, Math.abs(errno));
}
