import { closeSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { regionBytes } from '../../src/channel/region-layout.js';
import { HostConfig } from '../../src/config/host-config.js';
import { EndBook } from '../../src/dataplane/end-book.js';
import { GuestVm } from '../../src/dataplane/guest-vm.js';
import { LocalPairs } from '../../src/dataplane/local-pairs.js';
import type { SocketOwners } from '../../src/dataplane/socket-owners.js';
import { Switchboard } from '../../src/dataplane/switchboard.js';
import { LedgerFile } from '../../src/ledger/ledger-file.js';
import type { Verdict } from '../../src/rules/evaluate.js';
import { createSealedMemfd } from '../../src/native/memfd.js';
import { writeClaim, type WrittenClaim } from './write-claim.js';

/** Rules that allow everything. */
const allowed = (): Verdict => ({ action: 'allow', rule: null, audit: null });

/** The memory of some VMs and a ledger, with nobody in it: the test plays the guests, word by word. */
export class BareHost {
  readonly vms: GuestVm[];
  readonly book: EndBook;
  readonly logs: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  private readonly directory = mkdtempSync(join(tmpdir(), 'vsocket-bare-'));
  private readonly ledger: LedgerFile;

  /** @param addresses one for each VM */
  constructor(addresses: string[]) {
    const memory = addresses.map((_, index) => createSealedMemfd(`vm${index}`, regionBytes));
    const config = HostConfig.parse({
      host: 'bare',
      runtimeDirectory: this.directory,
      vms: addresses.map((address, index) => ({
        name: `vm${index}`,
        tenant: 'red',
        vni: 100,
        addresses: [address],
        mac: '02:00:00:00:00:01',
        interface: `v${index}`,
        networkNamespace: '/proc/self/ns/net',
        channel: join(this.directory, `vm${index}.sock`),
        memory: { path: `/proc/self/fd/${memory[index]}` },
      })),
    });
    this.ledger = new LedgerFile(join(this.directory, 'ledger'), true);
    this.vms = config.vms.map((vm) => new GuestVm(vm, this.ledger.vmIndex(vm.name), config));
    for (const fd of memory) closeSync(fd);
    this.book = new EndBook(this.ledger, (level, message, fields) => {
      this.logs.push({ level, message, fields });
    });
  }

  /** What a library writes that claims a connection. */
  writeClaim(vm: GuestVm, index: number, claim: WrittenClaim): void {
    writeClaim(vm.words, index, { ...claim, localAddress: vm.config.addresses[0]! });
  }

  /** What serves these VMs. @param owners has the kernel’s word on sockets */
  board(owners: SocketOwners, pairs = new LocalPairs(this.book, owners)): Switchboard {
    const configs = this.vms.map((vm) => vm.config);
    return new Switchboard(this.book, pairs, null, { owners, verdict: allowed }, configs);
  }

  close(): void {
    for (const vm of this.vms) vm.close();
    this.ledger.close();
    rmSync(this.directory, { recursive: true });
  }
}
