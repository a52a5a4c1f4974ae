# The first process of the emulated machine: mounts what a system mounts, does the task of the command line, powers off.
# shellcheck shell=sh
export PATH=/repo/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
mountpoint -q /proc || mount -t proc proc /proc
mountpoint -q /sys || mount -t sysfs sysfs /sys
mountpoint -q /dev || mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm /dev/mqueue
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t mqueue mqueue /dev/mqueue
mount -t tmpfs tmpfs /run
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount --make-rshared /
echo "+cpu +cpuset +io +memory +pids" >/sys/fs/cgroup/cgroup.subtree_control
hostname sampan-vm
ip link set lo up
ln -sf /repo/docker /usr/local/bin/docker

# Everything takes many times longer here.
export SAMPAN_EXECUTABLE=/repo/dist/sampan SAMPAN_TEST_SLOWNESS=10 CI=true
cd /repo || exit 1
task=$(sed 's/.*sampan=\([^ ]*\).*/\1/' /proc/cmdline)
echo "guest: $(uname -r), $task"
# Not on the console itself: there Bun would draw in colours.
{
  case $task in
    power-cut-*) bun test/vm/guest-power-cut.ts "${task#power-cut-}" ;;
    *) bun test --timeout 600000 "./test/$task" ;;
  esac
  echo "guest: exit code $?"
} 2>&1 | cat
sync
echo o >/proc/sysrq-trigger
sleep 60
