import type { FlowEnd } from './flow-end.js';

/** A guest wrote what no honest library writes; its flow ends. */
export class GuestFault extends Error {
  override readonly name = 'GuestFault';
  constructor(
    readonly end: FlowEnd,
    message: string,
  ) {
    super(message);
  }
}
