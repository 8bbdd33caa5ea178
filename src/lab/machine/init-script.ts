/** Where a machine sees the file system of the machine outside, as it is. */
export const outsideInMachine = '/run/outside';
/** The name under which QEMU offers that file system (virtio-9p). */
export const rootTag = 'outside';

/**
 * The first program of a machine (busybox’s shell in the initramfs). Its root is the outside’s own, read-only,
 * below a layer of memory that takes what is written: node, the project and every installed program are there.
 * Then it becomes a shell that starts the command on the kernel’s command line and buries the dead.
 */
export const initScript = `#!/bin/busybox sh
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
run() { /bin/busybox "$@" || /bin/busybox echo "init: $* failed"; }
run mount -t devtmpfs devtmpfs /dev
run mount -t proc proc /proc
run mount -t sysfs sysfs /sys
while read -r module; do run insmod "/modules/$module"; done < /modules/order
run mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=512000,cache=loose ${rootTag} /outside
run mount -t tmpfs -o size=75% tmpfs /written
run mkdir /written/files /written/work
run mount -t overlay -o lowerdir=/outside,upperdir=/written/files,workdir=/written/work overlay /root
for place in dev proc sys; do run mount --move "/$place" "/root/$place"; done
run mkdir -p /root/dev/pts /root/dev/shm
run mount -t devpts -o mode=620,ptmxmode=666 devpts /root/dev/pts
run mount -t tmpfs -o mode=1777 tmpfs /root/dev/shm
run mount -t tmpfs -o mode=755 tmpfs /root/run
run mkdir -p /root${outsideInMachine} /root/run/sshd
run mount --move /outside /root${outsideInMachine}
ulimit -l unlimited
exec /bin/busybox switch_root /root /bin/sh -c '"$@" </dev/null & while :; do sleep 86400; done' init "$@"
`;
