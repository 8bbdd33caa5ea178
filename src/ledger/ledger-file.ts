import { SharedMemory } from '../native/shared-memory.js';
import {
  budgetField,
  ledgerBytes,
  linkBytes,
  linkCapacity,
  linkField,
  linksOffset,
  ledgerMagic,
  ledgerVersion,
  recordBytes,
  recordCapacity,
  recordField,
  recordsOffset,
  recordState,
  usageBytes,
  usageOffset,
  vmBytes,
  vmCapacity,
  vmField,
  vmsOffset,
} from './ledger-layout.js';

/** Words of the header: magic, version, and this. */
const recordsEverUsedWord = 2;

/** The mapped ledger as typed arrays. The data plane opens it writable; there is one writer. */
export class LedgerFile {
  readonly words: Int32Array;
  readonly numbers: Float64Array;
  readonly cookies: BigUint64Array;
  readonly bytes: Buffer;
  private readonly memory: SharedMemory;
  private readonly free: number[] = [];

  constructor(
    private readonly path: string,
    writable: boolean,
  ) {
    this.memory = SharedMemory.openFile(path, ledgerBytes, writable);
    const buffer = this.memory.buffer;
    this.words = new Int32Array(buffer);
    this.numbers = new Float64Array(buffer);
    this.cookies = new BigUint64Array(buffer);
    this.bytes = Buffer.from(buffer);
    if (!writable) return;
    if (this.words[0] !== ledgerMagic || this.words[1] !== ledgerVersion) {
      this.bytes.fill(0, 0, recordsOffset);
      for (let r = 0; r < recordCapacity; r++)
        this.words[this.record(r, recordField.state)] = recordState.empty;
      this.words[1] = ledgerVersion;
      this.words[0] = ledgerMagic;
    }
    for (let r = recordCapacity - 1; r >= 0; r--)
      if (this.words[this.record(r, recordField.state)] === recordState.empty) this.free.push(r);
  }

  /** Index into `words` of a record’s field; half of it is the index into `numbers` and `cookies`. */
  record(index: number, field: number): number {
    return (recordsOffset + index * recordBytes + field) >> 2;
  }

  vm(index: number, field: number): number {
    return (vmsOffset + index * vmBytes + field) >> 2;
  }

  /** Of a VM’s budget, the first when `budget` is 0. */
  usage(vm: number, budget: number, field: number): number {
    return (usageOffset + vm * usageBytes + budget * budgetField.bytes + field) >> 2;
  }

  link(index: number, field: number): number {
    return (linksOffset + index * linkBytes + field) >> 2;
  }

  text(offset: number, length: number): string {
    const end = this.bytes.indexOf(0, offset);
    return this.bytes.toString('utf8', offset, end === -1 || end > offset + length ? offset + length : end);
  }

  vmName(index: number): string {
    return this.text(vmsOffset + index * vmBytes, vmField.nameBytes);
  }

  /** The VM’s entry, made when it is new; names stay where they are for as long as the file lives. */
  vmIndex(name: string): number {
    for (let v = 0; v < vmCapacity; v++) {
      const known = this.vmName(v);
      if (known === name) return v;
      if (known !== '') continue;
      this.bytes.write(name, vmsOffset + v * vmBytes, 'latin1');
      return v;
    }
    throw new Error(`the ledger has no room for VM ${name}: ${vmCapacity} at most`);
  }

  linkName(index: number): string {
    return this.text(linksOffset + index * linkBytes, linkField.nameBytes);
  }

  /** The entry of the link to a host, made when it is new. */
  linkIndex(host: string): number {
    for (let l = 0; l < linkCapacity; l++) {
      const known = this.linkName(l);
      if (known === host) return l;
      if (known !== '') continue;
      this.bytes.write(host, linksOffset + l * linkBytes, 'utf8');
      return l;
    }
    throw new Error(`the ledger has no room for a link to ${host}: ${linkCapacity} at most`);
  }

  takeRecord(): number {
    const index = this.free.pop() ?? -1;
    if (index >= this.recordsEverUsed) this.words[recordsEverUsedWord] = index + 1;
    return index;
  }

  /** Readers need not look at records from here on. */
  get recordsEverUsed(): number {
    return this.words[recordsEverUsedWord] ?? 0;
  }

  /** Adds the record’s bytes to its VM’s totals and empties it. A kill between two stores changes nothing. */
  foldRecord(index: number): void {
    const at = (field: number): number => this.record(index, field);
    const vm = this.words[at(recordField.vm)] ?? 0;
    const tx = this.vm(vm, vmField.endedTx) >> 1;
    const rx = this.vm(vm, vmField.endedRx) >> 1;
    const { numbers, words } = this;
    if (words[at(recordField.state)] !== recordState.folding) {
      numbers[at(recordField.foldTx) >> 1] = (numbers[tx] ?? 0) + (numbers[at(recordField.sent) >> 1] ?? 0);
      numbers[at(recordField.foldRx) >> 1] =
        (numbers[rx] ?? 0) + (numbers[at(recordField.received) >> 1] ?? 0);
      words[at(recordField.state)] = recordState.folding;
    }
    numbers[tx] = numbers[at(recordField.foldTx) >> 1] ?? 0;
    numbers[rx] = numbers[at(recordField.foldRx) >> 1] ?? 0;
    words[at(recordField.state)] = recordState.empty;
    this.free.push(index);
  }

  /** Whether it is the file under its path still: who removes the directory removes it too. */
  get isThere(): boolean {
    return this.memory.isAt(this.path);
  }

  /** Where its file is gone: makes it again, with all that is in it. */
  restore(): void {
    this.memory.moveTo(this.path);
  }

  close(): void {
    this.memory.close();
  }
}
