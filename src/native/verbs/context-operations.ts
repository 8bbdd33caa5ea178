import koffi, { type TypeObject } from 'koffi';
import type { NativeFunction } from './library.js';
import { contextOperations } from './layouts.js';
import { readPointer } from './struct-memory.js';

const pollCq = koffi.proto('int ibv_poll_cq(uintptr_t cq, int count, uintptr_t completions)');
const reqNotifyCq = koffi.proto('int ibv_req_notify_cq(uintptr_t cq, int solicitedOnly)');
const postSend = koffi.proto('int ibv_post_send(uintptr_t qp, uintptr_t request, uintptr_t bad)');
const postRecv = koffi.proto('int ibv_post_recv(uintptr_t qp, uintptr_t request, uintptr_t bad)');

export type ContextOperations = Record<keyof typeof contextOperations, NativeFunction>;

/** The provider’s own functions of a hot loop: in C they are inline calls through the context’s pointers. */
export function contextOperationsOf(context: number): ContextOperations {
  const at = (offset: number, prototype: TypeObject): NativeFunction =>
    koffi.decode(BigInt(readPointer(context, offset)), prototype) as NativeFunction;
  return {
    pollCq: at(contextOperations.pollCq, pollCq),
    reqNotifyCq: at(contextOperations.reqNotifyCq, reqNotifyCq),
    postSend: at(contextOperations.postSend, postSend),
    postRecv: at(contextOperations.postRecv, postRecv),
  };
}
