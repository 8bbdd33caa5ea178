/** What the system packages are needed for; each purpose has a command that asks for it. */
export const purposes = ['build', 'lab', 'rdma-lab', 'demo', 'bench-hosts', 'test'] as const;
export type Purpose = (typeof purposes)[number];

export interface SystemPackage {
  /** A program in PATH, or the absolute path of a file: there when the package is. */
  provides: string;
  /** Its Debian package. */
  package: string;
  neededFor: readonly Purpose[];
}

export const systemPackages: readonly SystemPackage[] = [
  { provides: 'gcc', package: 'gcc', neededFor: ['build'] },
  { provides: '/usr/include/stdio.h', package: 'libc6-dev', neededFor: ['build'] },
  { provides: 'ip', package: 'iproute2', neededFor: ['lab'] },
  { provides: 'nft', package: 'nftables', neededFor: ['lab'] },
  { provides: 'nsenter', package: 'util-linux', neededFor: ['lab'] },
  { provides: 'mount', package: 'mount', neededFor: ['lab'] },
  { provides: 'hostname', package: 'hostname', neededFor: ['lab'] },
  { provides: 'modprobe', package: 'kmod', neededFor: ['lab'] },
  { provides: 'sshd', package: 'openssh-server', neededFor: ['lab'] },
  { provides: 'ssh', package: 'openssh-client', neededFor: ['lab'] },
  { provides: 'socat', package: 'socat', neededFor: ['lab'] },
  { provides: 'openssl', package: 'openssl', neededFor: ['lab'] },
  { provides: 'qemu-system-x86_64', package: 'qemu-system-x86', neededFor: ['rdma-lab'] },
  // Not its namesake that needs a C library.
  { provides: '/usr/share/doc/busybox-static', package: 'busybox-static', neededFor: ['rdma-lab'] },
  { provides: 'taskset', package: 'util-linux', neededFor: ['rdma-lab'] },
  { provides: 'setpriv', package: 'util-linux', neededFor: ['rdma-lab'] },
  { provides: 'rdma', package: 'iproute2', neededFor: ['rdma-lab'] },
  { provides: 'rping', package: 'rdmacm-utils', neededFor: ['rdma-lab'] },
  { provides: 'ibv_rc_pingpong', package: 'ibverbs-utils', neededFor: ['rdma-lab'] },
  { provides: 'ib_write_bw', package: 'perftest', neededFor: ['rdma-lab'] },
  { provides: '/etc/libibverbs.d/rxe.driver', package: 'ibverbs-providers', neededFor: ['rdma-lab'] },
  { provides: '/usr/lib/x86_64-linux-gnu/libibverbs.so.1', package: 'libibverbs1', neededFor: ['rdma-lab'] },
  // Kernel modules are made with it: bench:rdma needs one.
  { provides: 'make', package: 'make', neededFor: ['rdma-lab'] },
  { provides: 'ping', package: 'iputils-ping', neededFor: ['test'] },
  { provides: 'redis-server', package: 'redis-server', neededFor: ['demo', 'test'] },
  { provides: 'redis-benchmark', package: 'redis-tools', neededFor: ['demo', 'test'] },
  { provides: 'iperf3', package: 'iperf3', neededFor: ['demo', 'test'] },
  { provides: 'nginx', package: 'nginx', neededFor: ['demo', 'test'] },
  { provides: 'curl', package: 'curl', neededFor: ['demo', 'test'] },
  { provides: 'sockperf', package: 'sockperf', neededFor: ['test'] },
  { provides: 'haproxy', package: 'haproxy', neededFor: ['test'] },
  { provides: 'vsftpd', package: 'vsftpd', neededFor: ['test'] },
  { provides: 'git', package: 'git', neededFor: ['test'] },
  { provides: 'strace', package: 'strace', neededFor: ['test'] },
  { provides: 'nm', package: 'binutils', neededFor: ['test'] },
  { provides: 'g++', package: 'g++', neededFor: ['test'] },
  { provides: '/usr/include/boost/asio.hpp', package: 'libboost-dev', neededFor: ['test'] },
  { provides: 'python3', package: 'python3', neededFor: ['test'] },
  { provides: 'ps', package: 'procps', neededFor: ['test'] },
  { provides: 'tmux', package: 'tmux', neededFor: ['test'] },
  { provides: 'zsh', package: 'zsh', neededFor: ['test'] },
  { provides: 'fish', package: 'fish', neededFor: ['test'] },
  { provides: 'man', package: 'man-db', neededFor: ['test'] },
  {
    provides: '/usr/include/infiniband/verbs.h',
    package: 'libibverbs-dev',
    neededFor: ['bench-hosts', 'test'],
  },
];

/** A purpose brings those that it builds upon. */
export const includedPurposes: Record<Purpose, readonly Purpose[]> = {
  build: ['build'],
  lab: ['build', 'lab'],
  'rdma-lab': ['build', 'lab', 'rdma-lab'],
  demo: ['build', 'lab', 'demo'],
  'bench-hosts': ['build', 'lab', 'demo', 'bench-hosts'],
  test: ['build', 'lab', 'rdma-lab', 'test'],
};
