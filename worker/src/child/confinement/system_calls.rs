//! The system calls that a child may make, by seccomp. All others are answered as if the kernel did not
//! know them, which the C library is prepared for.

use std::collections::BTreeMap;
use std::path::Path;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

/// Where the kernel says that it filters system calls.
const ACTIONS: &str = "/proc/sys/kernel/seccomp/actions_avail";

/// Files, memory, threads, time: what decoding and encoding take. Found by running every kind of task
/// under `strace -f`, and what the C library may use in their place elsewhere.
const ALLOWED: &[libc::c_long] = &[
    // Files that are open, and those that Landlock lets it open.
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_lseek,
    libc::SYS_openat,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_getdents64,
    libc::SYS_getcwd,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_fadvise64,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_unlinkat,
    libc::SYS_mkdirat,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_fcntl,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_pipe2,
    libc::SYS_ppoll,
    libc::SYS_copy_file_range,
    libc::SYS_sendfile,
    libc::SYS_flock,
    libc::SYS_umask,
    // Memory.
    libc::SYS_brk,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_mincore,
    libc::SYS_mlock,
    libc::SYS_munlock,
    // Threads, and what is asked about this process.
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_membarrier,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_setaffinity,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    libc::SYS_sched_get_priority_max,
    libc::SYS_sched_get_priority_min,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getcpu,
    libc::SYS_getrusage,
    libc::SYS_getpriority,
    libc::SYS_sysinfo,
    libc::SYS_uname,
    libc::SYS_getrandom,
    // Signals that it handles, and its end.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Time.
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_times,
];

/// Calls of x86-64 that later processors have no more.
#[cfg(target_arch = "x86_64")]
const ALLOWED_OLD: &[libc::c_long] = &[
    libc::SYS_open,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_readlink,
    libc::SYS_unlink,
    libc::SYS_mkdir,
    libc::SYS_rmdir,
    libc::SYS_chmod,
    libc::SYS_rename,
    libc::SYS_dup2,
    libc::SYS_pipe,
    libc::SYS_poll,
    libc::SYS_time,
    libc::SYS_getrlimit,
];
#[cfg(not(target_arch = "x86_64"))]
const ALLOWED_OLD: &[libc::c_long] = &[];

/// Whether the kernel filters system calls.
pub(super) fn are_filtered_here() -> bool {
    Path::new(ACTIONS).exists() && program().is_ok()
}

/// Filters the system calls of all threads of this process.
pub(super) fn filter() -> Result<(), seccompiler::Error> {
    // The limits on memory and time are raised and lowered again by a child that recognises speech.
    seccompiler::apply_filter_all_threads(&program()?)
}

fn program() -> Result<BpfProgram, seccompiler::Error> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        ALLOWED.iter().chain(ALLOWED_OLD).map(|call| (*call, Vec::new())).collect();
    let own = u64::from(std::process::id());
    let as_u64 = |flags: libc::c_int| u64::from(flags.unsigned_abs());
    let is = SeccompCmpOp::Eq;
    let thread = as_u64(libc::CLONE_THREAD);
    for (call, argument, operator, value) in [
        // Threads and no processes. The flags of `clone3` are in memory, where no filter sees them, so
        // that call stays unknown, and the C library takes this one.
        (libc::SYS_clone, 0, SeccompCmpOp::MaskedEq(thread), thread),
        // To raise a signal in itself, as `abort` does.
        (libc::SYS_tgkill, 0, is.clone(), own),
        // The names of threads.
        (libc::SYS_prctl, 0, is.clone(), as_u64(libc::PR_SET_NAME)),
        // Whether standard error is a terminal.
        (libc::SYS_ioctl, 1, is.clone(), libc::TCGETS),
        // Limits of its own.
        (libc::SYS_prlimit64, 0, is, 0),
    ] {
        let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value);
        let condition = condition.map_err(seccompiler::Error::Backend)?;
        let rule = SeccompRule::new(vec![condition]).map_err(seccompiler::Error::Backend)?;
        rules.insert(call, vec![rule]);
    }
    let unknown = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let arch = std::env::consts::ARCH.try_into().map_err(seccompiler::Error::Backend)?;
    let filter = SeccompFilter::new(rules, unknown, SeccompAction::Allow, arch);
    filter.and_then(TryInto::try_into).map_err(seccompiler::Error::Backend)
}
