// Which system calls a container may make, as data. A list of what is allowed: what is not here fails with EPERM, whatever a
// later kernel brings. The groups follow what the calls are for; names of calls that an architecture does not have are
// skipped by the runtimes. What it lets through and refuses is what Docker's documented default profile does.
import type { SeccompArg } from "../../spec/oci-runtime.ts";

type Group = readonly string[];

function calls(text: string): Group {
  return text.trim().split(/\s+/);
}

/** Allowed for every container. */
export const always: readonly Group[] = [
  // Open, read, write, seek, and the file descriptors themselves.
  calls(`
    open openat openat2 creat close close_range read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2
    lseek _llseek dup dup2 dup3 fcntl fcntl64 ioctl flock readahead fadvise64 fadvise64_64 ftruncate ftruncate64
    truncate truncate64 fallocate copy_file_range sendfile sendfile64 splice tee vmsplice cachestat
  `),
  // To the disk.
  calls("sync syncfs fsync fdatasync sync_file_range"),
  // Names: folders, links, removal, the current folder and root.
  calls(`
    mkdir mkdirat rmdir link linkat symlink symlinkat unlink unlinkat rename renameat renameat2 readlink readlinkat
    getdents getdents64 getcwd chdir fchdir mknod mknodat name_to_handle_at
  `),
  // Attributes: status, owners, modes, times, extended attributes.
  calls(`
    stat stat64 lstat lstat64 fstat fstat64 fstatat64 newfstatat statx statfs statfs64 fstatfs fstatfs64 access faccessat
    faccessat2 chmod fchmod fchmodat fchmodat2 chown chown32 fchown fchown32 lchown lchown32 fchownat umask utime utimes
    utimensat utimensat_time64 futimesat getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat
    listxattr llistxattr flistxattr listxattrat removexattr lremovexattr fremovexattr removexattrat
  `),
  // Waiting for descriptors and events.
  calls(`
    poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 epoll_create epoll_create1 epoll_ctl
    epoll_ctl_old epoll_wait epoll_wait_old epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd signalfd4 inotify_init
    inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark timerfd_create timerfd_settime timerfd_settime64
    timerfd_gettime timerfd_gettime64 pipe pipe2
  `),
  // Asynchronous I/O of the old kind. io_uring is left out: it goes round the filter, and has a history of holes.
  calls("io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents io_pgetevents_time64"),
  // Sockets; making one depends on its family, see below.
  calls(`
    socketpair bind connect listen accept accept4 getsockname getpeername getsockopt setsockopt shutdown send sendto
    sendmsg sendmmsg recv recvfrom recvmsg recvmmsg recvmmsg_time64 socketcall
  `),
  // Memory of one's own.
  calls(`
    brk mmap mmap2 munmap mremap mprotect madvise mincore msync mlock mlock2 mlockall munlock munlockall
    remap_file_pages membarrier memfd_create memfd_secret pkey_alloc pkey_free pkey_mprotect map_shadow_stack mseal
  `),
  // Processes and threads: begin, end, wait, identify. Making one depends on the flags, see below.
  calls(`
    fork vfork execve execveat exit exit_group wait4 waitid waitpid getpid getppid gettid getpgid getpgrp setpgid getsid
    setsid set_tid_address set_robust_list get_robust_list set_thread_area get_thread_area prctl pidfd_open
    pidfd_send_signal restart_syscall rseq process_mrelease
  `),
  // Signals.
  calls(`
    kill tkill tgkill pause alarm sigprocmask sigreturn sigaltstack rt_sigaction
    rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64
    rt_tgsigqueueinfo
  `),
  // Locks between threads and processes; message queues, semaphores and shared memory of System V and POSIX.
  calls(`
    futex futex_time64 futex_waitv futex_wait futex_wake futex_requeue ipc msgctl msgget msgrcv msgsnd semctl semget
    semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget mq_open mq_unlink mq_notify mq_getsetattr mq_timedsend
    mq_timedsend_time64 mq_timedreceive mq_timedreceive_time64
  `),
  // Clocks and timers. Those that set a clock also read it, and the kernel asks for CAP_SYS_TIME before it sets one.
  calls(`
    time times gettimeofday clock_gettime clock_gettime64 clock_getres clock_getres_time64 clock_nanosleep
    clock_nanosleep_time64 nanosleep getitimer setitimer timer_create timer_delete timer_getoverrun timer_gettime
    timer_gettime64 timer_settime timer_settime64 adjtimex clock_adjtime clock_adjtime64
  `),
  // Users, groups and capabilities: the kernel decides who may become whom.
  calls(`
    getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid getresuid32 getresgid getresgid32
    getgroups getgroups32 setuid setuid32 setgid setgid32 setreuid setreuid32 setregid setregid32 setresuid setresuid32
    setresgid setresgid32 setfsuid setfsuid32 setfsgid setfsgid32 setgroups setgroups32 capget capset
  `),
  // Scheduling, limits and usage.
  calls(`
    sched_yield sched_getaffinity sched_setaffinity sched_getparam sched_setparam sched_getscheduler sched_setscheduler
    sched_getattr sched_setattr sched_get_priority_max sched_get_priority_min sched_rr_get_interval
    sched_rr_get_interval_time64 getpriority setpriority ioprio_get ioprio_set getrlimit setrlimit ugetrlimit
    prlimit64 getrusage getcpu
  `),
  // About the system.
  calls("uname sysinfo getrandom"),
  // Confining oneself further.
  calls("seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self"),
  // Tracing one's own children: since Linux 4.8 a tracer can no longer get round the filter of what it traces.
  calls("ptrace process_vm_readv process_vm_writev"),
  // Mounts, as far as a process may see its own.
  calls("listmount statmount"),
];

/** Allowed with a capability: the kernel refuses them without it anyway, and there is nothing to gain by trying. */
export const byCapability: Readonly<Record<string, Group>> = {
  CAP_BPF: calls("bpf"),
  CAP_DAC_READ_SEARCH: calls("open_by_handle_at"),
  CAP_PERFMON: calls("perf_event_open"),
  CAP_SYS_ADMIN: calls(`
    bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules
    lsm_set_self_attr mount mount_setattr move_mount open_tree
    open_tree_attr perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog umount umount2
    unshare
  `),
  CAP_SYS_BOOT: calls("reboot"),
  CAP_SYS_CHROOT: calls("chroot"),
  CAP_SYS_MODULE: calls("delete_module finit_module init_module"),
  CAP_SYS_NICE: calls("get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
  CAP_SYS_PACCT: calls("acct"),
  CAP_SYS_PTRACE: calls("kcmp pidfd_getfd process_madvise"),
  CAP_SYS_RAWIO: calls("ioperm iopl"),
  CAP_SYS_TIME: calls("clock_settime clock_settime64 settimeofday stime"),
  CAP_SYS_TTY_CONFIG: calls("vhangup"),
  CAP_SYSLOG: calls("syslog"),
};

/** Of one processor family only, by `process.arch`. */
export const byArchitecture: Readonly<Record<string, Group>> = {
  x64: calls("arch_prctl modify_ldt uretprobe"),
  arm64: calls("arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2"),
};

/**
 * The machine's own architecture and the 32-bit one that it can run too. A call from any other kills the process. x32 is
 * left out although Docker has it: distributions switch it off, and each architecture makes every start dearer.
 */
export const architectures: Readonly<Record<string, readonly string[]>> = {
  x64: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
  arm64: ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
};

/** Execution domains that change nothing about security: Linux, 32 bits, old uname, both, and "which one is it". */
export const personalities: readonly SeccompArg[] = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff].map((value) => ({
  index: 0,
  value,
  op: "SCMP_CMP_EQ",
}));

/**
 * All families of sockets but AF_ALG (the kernel's cryptography, for which nobody needs the kernel) and AF_VSOCK (which would
 * reach past the network namespace to the hypervisor).
 */
const [alg, vsock] = [38, 40];
export const socketFamilies: readonly SeccompArg[] = [
  { index: 0, value: alg, op: "SCMP_CMP_LT" },
  { index: 0, value: alg + 1, op: "SCMP_CMP_EQ" },
  { index: 0, value: vsock, op: "SCMP_CMP_GT" },
];

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET: without CAP_SYS_ADMIN clone makes no namespaces. */
const newNamespaces = 0x7e020000;
export const plainClone: SeccompArg = {
  index: 0,
  value: newNamespaces,
  valueTwo: 0,
  op: "SCMP_CMP_MASKED_EQ",
};
