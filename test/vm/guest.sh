# What the emulated machine does, first as its process 1: mounts what a system mounts, does the task of the command line,
# powers off. For a task that needs systemd that becomes process 1 instead and starts this again, as a service.
# shellcheck shell=sh
export PATH=/repo/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
mountpoint -q /proc || mount -t proc proc /proc
task=$(sed 's/.*sampan=\([^ ]*\).*/\1/' /proc/cmdline)

# Everything takes many times longer here.
export SAMPAN_EXECUTABLE=/repo/dist/sampan SAMPAN_TEST_SLOWNESS=10 CI=true
ln -sf /repo/docker /usr/local/bin/docker
# As on a machine that Docker ran on once.
modprobe br_netfilter
cd /repo || exit 1

do_task() {
  echo "guest: $(uname -r), $task"
  # Not on the console itself: there Bun would draw in colours.
  {
    case $task in
      power-cut-*-*)
        rest=${task#power-cut-}
        bun test/vm/guest-power-cut.ts "${rest%-*}" "${rest#*-}"
        ;;
      *) bun test --timeout 600000 "./test/$task" ;;
    esac
    echo "guest: exit code $?"
  } 2>&1 | cat
}

case $task:$$ in
  vm/install/*:1)
    mkdir -p /var/log/journal
    cat >/etc/systemd/system/guest.service <<END
[Service]
ExecStart=/bin/sh /repo/test/vm/guest.sh
StandardOutput=file:/dev/ttyS0
StandardError=inherit
END
    mkdir -p /etc/systemd/system/multi-user.target.wants
    ln -sf ../guest.service /etc/systemd/system/multi-user.target.wants/guest.service
    ln -sf /lib/systemd/system/multi-user.target /etc/systemd/system/default.target
    exec /lib/systemd/systemd
    ;;
  vm/install/*)
    do_task
    journalctl --quiet --output=cat --unit=sampan
    systemctl is-system-running; systemctl list-jobs
    systemctl reboot
    exit
    ;;
esac

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
do_task
sync
echo o >/proc/sysrq-trigger
# No program: the disks go before the power does.
while :; do :; done
