"""What a confined process gives up before it meets foreign code: files, network, processes, signals, memory, time.

Linux only, without privileges and without any program beside Python: resource limits, Landlock (no file but Python's own
library can be opened, none for writing) and a seccomp filter (a list of system calls that are allowed; any other fails with
EPERM, so that Python code sees an ordinary `PermissionError`). Nothing of it can be taken back by the process.

This file imports the standard library alone: it is loaded by an interpreter that sees no installed package.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
import sys
import sysconfig

ALLOWED_X86_64 = (
    # read write close stat fstat lstat poll lseek mmap mprotect munmap brk
    *(0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
    # rt_sigaction rt_sigprocmask rt_sigreturn pread64 readv writev access mremap madvise nanosleep getpid
    *(13, 14, 15, 17, 19, 20, 21, 25, 28, 35, 39),
    # exit uname getcwd readlink gettimeofday getrlimit sysinfo getuid getgid geteuid getegid sigaltstack gettid
    *(60, 63, 79, 89, 96, 97, 99, 102, 104, 107, 108, 131, 186),
    # futex sched_getaffinity getdents64 clock_gettime clock_getres clock_nanosleep exit_group openat newfstatat
    *(202, 204, 217, 228, 229, 230, 231, 257, 262),
    # readlinkat faccessat set_robust_list getrandom membarrier statx rseq faccessat2
    *(267, 269, 273, 318, 324, 332, 334, 439),
)
ALLOWED_AARCH64 = (
    # getcwd faccessat openat close getdents64 lseek read write readv writev pread64 ppoll readlinkat newfstatat fstat
    *(17, 48, 56, 57, 61, 62, 63, 64, 65, 66, 67, 73, 78, 79, 80),
    # exit exit_group futex set_robust_list nanosleep clock_gettime clock_getres clock_nanosleep sched_getaffinity
    *(93, 94, 98, 99, 101, 113, 114, 115, 123),
    # sigaltstack rt_sigaction rt_sigprocmask rt_sigreturn uname getrlimit gettimeofday getpid getuid geteuid getgid
    *(132, 134, 135, 139, 160, 163, 169, 172, 174, 175, 176),
    # getegid gettid sysinfo brk munmap mremap mmap mprotect madvise getrandom membarrier statx rseq faccessat2
    *(177, 178, 179, 214, 215, 216, 222, 226, 233, 278, 283, 291, 293, 439),
)
ARCHITECTURES = {"x86_64": (0xC000003E, ALLOWED_X86_64), "aarch64": (0xC00000B7, ALLOWED_AARCH64)}

_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER_MODE = 38, 22, 2
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_EXECUTE, _READ_FILE, _READ_DIRECTORY = 1 << 0, 1 << 2, 1 << 3
_LOAD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | 1  # 1 is EPERM


def unconfinable() -> str:
    """Why this machine cannot confine a process; "" where it can."""
    if sys.platform != "linux":
        return f"the operating system is {sys.platform}, and only Linux has what is needed"
    if platform.machine() not in ARCHITECTURES:
        return f"the processor is a {platform.machine()}, and the list of system calls is known for x86_64 and aarch64"
    if _landlock_version() < 1:
        return "the kernel has no Landlock (Linux 5.13 or newer, switched on)"
    return ""


def confine(*, seconds: int, memory: int) -> None:
    """Give up everything; raises OSError where a step fails, so that nothing runs half confined."""
    for limit, value in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(limit, (value, value))
    library = ctypes.CDLL(None, use_errno=True)
    _checked(library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no_new_privs")
    _restrict_files(library)
    _restrict_calls(library)


def _landlock_version() -> int:
    return int(ctypes.CDLL(None, use_errno=True).syscall(_LANDLOCK_CREATE, None, 0, 1))


def _restrict_files(library: ctypes.CDLL) -> None:
    """Read Python's own library and the shared libraries of the system, and nothing else."""
    version = _landlock_version()
    rights = (1 << 13) - 1  # every right of the first version
    for since, right in ((2, 13), (3, 14), (5, 15)):  # refer, truncate, ioctl
        rights |= (1 << right) if version >= since else 0
    network = 0b11 if version >= 4 else 0
    scope = 0b11 if version >= 6 else 0
    attributes = struct.pack("QQQ", rights, network, scope)[
        : 24 if version >= 6 else 16 if version >= 4 else 8
    ]
    rules = library.syscall(_LANDLOCK_CREATE, attributes, len(attributes), 0)
    _checked(rules, "landlock_create_ruleset")
    readable = {
        sysconfig.get_path("stdlib"),
        sysconfig.get_path("platstdlib"),
        *("/lib", "/lib64", "/usr/lib", "/usr/lib64"),
        sysconfig.get_config_var("LIBDIR") or "",
    }
    for path in sorted(filter(None, readable)):
        try:
            handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # this system has no such folder
        rule = struct.pack("=Qi", _EXECUTE | _READ_FILE | _READ_DIRECTORY, handle)
        _checked(library.syscall(_LANDLOCK_ADD, rules, 1, rule, 0), "landlock_add_rule")
        os.close(handle)
    _checked(library.syscall(_LANDLOCK_RESTRICT, rules, 0), "landlock_restrict_self")
    os.close(rules)


def _restrict_calls(library: ctypes.CDLL) -> None:
    architecture, allowed = ARCHITECTURES[platform.machine()]
    program = [
        (_LOAD, 0, 0, 4),  # the architecture: numbers of another one mean other calls
        (_JUMP_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),  # the number of the call
        (_JUMP_GREATER_EQUAL, 0, 1, 0x40000000),  # x32 numbers
        (_RETURN, 0, 0, _KILL),
    ]
    for number in allowed:
        program += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    program.append((_RETURN, 0, 0, _REFUSE))
    code = b"".join(struct.pack("HBBI", *step) for step in program)
    buffer = ctypes.create_string_buffer(code)
    filter_ = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
    _checked(
        library.prctl(_SET_SECCOMP, _FILTER_MODE, ctypes.create_string_buffer(filter_), 0, 0),
        "seccomp filter",
    )


def _checked(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
