import { ibvMr } from './layouts.js';
import { created, succeeded, type VerbsLibrary } from './library.js';
import { readField } from './struct-memory.js';

/** Memory that the device may read and, by `access`, write. It must stay mapped until deregister(). */
export class MemoryRegion {
  readonly lkey: number;
  readonly rkey: number;
  #address: number;

  constructor(
    private readonly library: VerbsLibrary,
    protectionDomain: number,
    address: number,
    bytes: number,
    access: number,
    private readonly onEnd: () => void,
  ) {
    this.#address = created('ibv_reg_mr', library.regMr(protectionDomain, address, bytes, access));
    this.lkey = readField(this.#address, ibvMr.lkey, 'uint32_t');
    this.rkey = readField(this.#address, ibvMr.rkey, 'uint32_t');
  }

  deregister(): void {
    if (this.#address === 0) return;
    succeeded('ibv_dereg_mr', this.library.deregMr(this.#address));
    this.#address = 0;
    this.onEnd();
  }
}
