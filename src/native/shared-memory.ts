import { closeSync, constants, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import koffi from 'koffi';
import { identityAt, identityOf } from './file-identity.js';
import { checked, libc, SystemCallError } from './libc.js';

const mmap = libc.func(
  'intptr_t mmap(intptr_t, size_t length, int protection, int flags, int fd, int64_t offset)',
);
const fallocate = libc.func('int posix_fallocate(int fd, int64_t offset, int64_t length)');
const munmap = libc.func('int munmap(intptr_t, size_t length)');
const fcntl = libc.func('int fcntl(int fd, int command)');
const memcpy = libc.func('intptr_t memcpy(uintptr_t to, uintptr_t from, size_t bytes)');

/** sys/mman.h */
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_FIXED = 0x10;
/** linux/fcntl.h */
const F_GET_SEALS = 1034;
const F_SEAL_SHRINK = 0x2;

/** A mapping of memory that other processes write too. The views die with close(): using one later crashes. */
export class SharedMemory {
  private constructor(
    readonly address: number,
    readonly buffer: ArrayBuffer,
    /** Which file it is. */
    private file: string,
  ) {}

  /**
   * Maps memory that a guest owns, by path. It must be a memfd sealed against shrinking: memory that shrank
   * would end this process with SIGBUS. Also returns the descriptor, to be handed to the guest’s processes.
   */
  static openSealed(path: string, bytes: number): { memory: SharedMemory; fd: number } {
    const fd = openSync(path, constants.O_RDWR);
    try {
      const seals = checked('fcntl F_GET_SEALS', fcntl(fd, F_GET_SEALS) as number);
      if ((seals & F_SEAL_SHRINK) === 0) throw new Error(`${path} is not sealed against shrinking`);
      if (fstatSync(fd).size !== bytes) throw new Error(`${path} has not ${bytes} bytes`);
      return { memory: SharedMemory.map(fd, bytes, PROT_READ | PROT_WRITE), fd };
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /**
   * Maps a file of our own, made and grown to `bytes` when `writable`. Its room is taken at once: on a full file system
   * that is an error here, and no SIGBUS at some store later.
   */
  static openFile(path: string, bytes: number, writable: boolean): SharedMemory {
    const fd = openSync(path, writable ? constants.O_RDWR | constants.O_CREAT : constants.O_RDONLY, 0o600);
    try {
      if (writable) takeRoom(fd, bytes);
      if (fstatSync(fd).size < bytes) throw new Error(`${path} has not ${bytes} bytes`);
      return SharedMemory.map(fd, bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ);
    } finally {
      closeSync(fd);
    }
  }

  private static map(fd: number, bytes: number, protection: number): SharedMemory {
    const address = mapped(mmap(0, bytes, protection, MAP_SHARED, fd, 0));
    return new SharedMemory(address, koffi.view(BigInt(address), bytes), identityOf(fstatSync(fd)));
  }

  /** Whether this is the file under the path. */
  isAt(path: string): boolean {
    return identityAt(path) === this.file;
  }

  /** Puts what is in it into a new file, and maps that at the same address: whoever uses it sees no difference. */
  moveTo(path: string): void {
    const temporary = `${path}.new`;
    const bytes = this.buffer.byteLength;
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC;
    const fd = openSync(temporary, flags, 0o600);
    try {
      takeRoom(fd, bytes);
      const content = Buffer.from(this.buffer);
      for (let at = 0; at < bytes;) at += writeSync(fd, content, at, bytes - at, at);
      renameSync(temporary, path);
      mapped(mmap(this.address, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0));
      this.file = identityOf(fstatSync(fd));
    } finally {
      closeSync(fd);
    }
  }

  close(): void {
    munmap(this.address, this.buffer.byteLength);
  }
}

function mapped(address: unknown): number {
  if (Number(address) === -1) throw new SystemCallError('mmap', koffi.errno());
  return Number(address);
}

function takeRoom(fd: number, bytes: number): void {
  const errno = fallocate(fd, 0, bytes) as number;
  if (errno !== 0) throw new SystemCallError('posix_fallocate', errno);
}

/** Copies between mappings by address: no allocation, and as fast as the C library’s memcpy. */
export function copyMemory(to: number, from: number, bytes: number): void {
  memcpy(to, from, bytes);
}
