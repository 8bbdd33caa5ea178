/** Connections that one VM may hold, at most: its processes and their sleepers. */
const mostConnections = 8192;
/** What vsockd itself needs: for links, RDMA devices and a moment’s look into /proc; and of each VM its memory, its sockets. */
const ownDescriptors = 256;
const descriptorsPerVm = 4;

/**
 * How many connections on its channel each VM may hold, so that all of them together do not use up the descriptors:
 * what one VM may have is not in the reach of the others.
 * @param openFileLimit descriptors of this process
 */
export function connectionShare(openFileLimit: number, vmCount: number): number {
  const left = openFileLimit - ownDescriptors - descriptorsPerVm * vmCount;
  return Math.max(1, Math.min(mostConnections, Math.floor(left / Math.max(1, vmCount))));
}

/** One line for the operator when VMs may have less than they could use; null when not. */
export function describeShortage(openFileLimit: number, vmCount: number): string | null {
  const share = connectionShare(openFileLimit, vmCount);
  const wanted = ownDescriptors + (descriptorsPerVm + mostConnections) * vmCount;
  return share === mostConnections
    ? null
    : `RLIMIT_NOFILE is ${openFileLimit}: each VM may hold ${share} connections on its channel; for ${mostConnections} give vsockd’s service LimitNOFILE=${wanted}`;
}
