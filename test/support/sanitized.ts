import { execFileSync } from 'node:child_process';
import { compileGuest } from '../../src/setup/guest-library.js';

/** Which of gcc’s sanitizers are compiled in; those of one build get on with each other. */
export const sanitizers = {
  address: {
    flags: ['-fsanitize=address,undefined'],
    runtime: 'libasan.so',
    // The library’s objects live as long as the program, in memory where no leak is looked for.
    environment: {
      ASAN_OPTIONS: 'detect_leaks=0:verify_asan_link_order=0',
      UBSAN_OPTIONS: 'print_stacktrace=1',
    },
  },
  thread: {
    // It knows no fences; what they order is accessed by atomics.
    flags: ['-fsanitize=thread', '-Wno-tsan'],
    runtime: 'libtsan.so',
    // Its own way of finding lines reads files by calls that the library stands before.
    environment: { TSAN_OPTIONS: 'external_symbolizer_path=/usr/bin/addr2line' },
  },
} as const;
export type Sanitizer = keyof typeof sanitizers;

const units = new URL('../../../test/guest/unit/', import.meta.url).pathname;
const built = new URL('../sanitized/', import.meta.url).pathname;
const flags = ['-O1', '-g', '-fno-omit-frame-pointer', '-fno-sanitize-recover=all', '-Werror'];

/** The unit tests in C, one program that is told which to run. */
export function sanitizedUnits(sanitizer: Sanitizer): string {
  const program = `${built}units-${sanitizer}`;
  compileGuest(program, [...flags, ...sanitizers[sanitizer].flags], units);
  return program;
}

/** What LD_PRELOAD must say for a program that is not instrumented itself. */
export function sanitizedLibrary(sanitizer: Sanitizer): string {
  const library = `${built}libvsocket-${sanitizer}.so`;
  const { flags: own, runtime } = sanitizers[sanitizer];
  compileGuest(library, [...flags, ...own, '-fPIC', '-shared']);
  const runtimePath = execFileSync('gcc', [`-print-file-name=${runtime}`], { encoding: 'utf8' }).trim();
  // The runtime calls what comes after it, before it can be called itself: that must be the C library.
  return `${library} ${runtimePath}`;
}
