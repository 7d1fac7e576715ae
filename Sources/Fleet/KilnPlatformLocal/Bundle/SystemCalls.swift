/// The system calls that instances may make without conditions, by what they are for.
///
/// Left out on purpose: acct, add_key, bpf, chroot, clock_adjtime, clock_settime, delete_module, fanotify_init, finit_module,
/// fsconfig, fsmount, fsopen, init_module, io_uring_*, ioperm, iopl, kcmp, kexec_*, keyctl, lookup_dcookie, mount, mount_setattr,
/// move_mount, move_pages, name_to_handle_at, open_by_handle_at, open_tree, perf_event_open, pidfd_getfd, pivot_root,
/// process_vm_*, ptrace, quotactl, reboot, request_key, setdomainname, sethostname, setns, settimeofday, swapon, swapoff, syslog,
/// umount, umount2, unshare, userfaultfd, vhangup.
package enum SystemCalls {
    package static let allowed: [String] = [
        files, paths, memory, processes, identity, signals, time, sockets, waiting, messages, information,
    ].flatMap { $0.split(whereSeparator: \.isWhitespace).map(String.init) }.sorted()

    private static let files = """
        read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 open openat openat2 creat close
        close_range dup dup2 dup3 fcntl fcntl64 flock fsync fdatasync sync syncfs sync_file_range ftruncate
        ftruncate64 truncate truncate64 fallocate fadvise64 fadvise64_64 readahead lseek _llseek sendfile
        sendfile64 splice tee vmsplice copy_file_range ioctl io_setup io_submit io_getevents io_pgetevents
        io_cancel io_destroy memfd_create cachestat
        """

    private static let paths = """
        access faccessat faccessat2 stat stat64 lstat lstat64 fstat fstat64 newfstatat fstatat64 statx statfs
        statfs64 fstatfs fstatfs64 getcwd chdir fchdir mkdir mkdirat rmdir rename renameat renameat2 link linkat
        unlink unlinkat symlink symlinkat readlink readlinkat chmod fchmod fchmodat fchmodat2 chown chown32
        fchown fchown32 lchown lchown32 fchownat umask utime utimes utimensat futimesat mknod mknodat getdents
        getdents64 getxattr lgetxattr fgetxattr setxattr lsetxattr fsetxattr listxattr llistxattr flistxattr
        removexattr lremovexattr fremovexattr
        """

    private static let memory = """
        brk mmap mmap2 munmap mprotect mremap msync madvise mincore mlock mlock2 mlockall munlock munlockall
        remap_file_pages membarrier pkey_alloc pkey_free pkey_mprotect memfd_secret shmat shmctl shmdt shmget
        process_madvise process_mrelease map_shadow_stack
        """

    private static let processes = """
        fork vfork execve execveat exit exit_group wait4 waitid waitpid gettid getpid getppid getpgid getpgrp
        setpgid getsid setsid set_tid_address set_robust_list get_robust_list prctl arch_prctl rseq seccomp
        sched_yield sched_getaffinity sched_setaffinity sched_getparam sched_setparam sched_getscheduler
        sched_setscheduler sched_getattr sched_setattr sched_get_priority_max sched_get_priority_min
        sched_rr_get_interval getpriority setpriority ioprio_get ioprio_set getrlimit ugetrlimit setrlimit
        prlimit64 getrusage pidfd_open pidfd_send_signal restart_syscall futex futex_time64 futex_waitv
        futex_wake futex_wait futex_requeue get_thread_area set_thread_area modify_ldt landlock_create_ruleset
        landlock_add_rule landlock_restrict_self
        """

    private static let identity = """
        getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid getresuid32 getresgid
        getresgid32 getgroups getgroups32 setuid setuid32 setgid setgid32 setreuid setreuid32 setregid
        setregid32 setresuid setresuid32 setresgid setresgid32 setfsuid setfsuid32 setfsgid setfsgid32
        setgroups setgroups32 capget capset
        """

    private static let signals = """
        kill tkill tgkill rt_sigaction rt_sigprocmask rt_sigpending rt_sigqueueinfo rt_tgsigqueueinfo
        rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 sigaltstack sigprocmask sigreturn
        signal signalfd signalfd4 pause
        """

    private static let time = """
        time times gettimeofday clock_gettime clock_gettime64 clock_getres clock_getres_time64 clock_nanosleep
        clock_nanosleep_time64 nanosleep alarm getitimer setitimer timer_create timer_delete timer_getoverrun
        timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime
        timerfd_gettime64 timerfd_settime timerfd_settime64 adjtimex
        """

    private static let sockets = """
        socketpair bind listen accept accept4 connect shutdown getsockname getpeername getsockopt setsockopt
        recv recvfrom recvmsg recvmmsg recvmmsg_time64 send sendto sendmsg sendmmsg
        """

    private static let waiting = """
        poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 epoll_create epoll_create1 epoll_ctl
        epoll_ctl_old epoll_wait epoll_wait_old epoll_pwait epoll_pwait2 eventfd eventfd2 inotify_init
        inotify_init1 inotify_add_watch inotify_rm_watch pipe pipe2
        """

    private static let messages = """
        msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 mq_open mq_unlink
        mq_notify mq_getsetattr mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 ipc
        """

    private static let information = "uname sysinfo getcpu getrandom"
}
