/**
 * The system’s own Python. The first in PATH may be a shim of a manager of versions: a shell script, which would run with
 * the library, too, and takes longer to start than most tests’ programs to run.
 */
export const python = '/usr/bin/python3';
