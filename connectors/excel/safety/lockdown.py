"""What the process that opens strangers' files may not do: network, other programs, files of others.

Belongs here: limits and prohibitions of the calling process. Does not belong here: reading files.
Three layers, because none is everywhere: resource limits (POSIX), system calls refused by the Linux
kernel (seccomp, Landlock), and Python's own audit events where the kernel offers neither. What could
not be set is told as a list and is no reason to stop: the layers above and below still hold.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
import sys
from pathlib import Path
from typing import Any

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_ALLOW, _REFUSE, _NOT_THERE = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38  # errno EPERM, ENOSYS
_CLONE_THREAD = 0x00010000
_LOAD, _EQUAL, _GREATER_OR_EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# Numbers of system calls: linux/arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h.
_REFUSED = {
    "x86_64": {
        "socket": 41, "connect": 42, "accept": 43, "bind": 49, "listen": 50, "socketpair": 53, "accept4": 288,
        "fork": 57, "vfork": 58, "execve": 59, "execveat": 322, "kill": 62, "tkill": 200, "ptrace": 101,
        "process_vm_readv": 310, "process_vm_writev": 311, "pidfd_open": 434, "pidfd_send_signal": 424,
        "pidfd_getfd": 438, "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "unshare": 272,
        "setns": 308, "bpf": 321, "perf_event_open": 298, "add_key": 248, "request_key": 249, "keyctl": 250,
        "io_uring_setup": 425, "userfaultfd": 323, "init_module": 175, "finit_module": 313, "kexec_load": 246,
        "chmod": 90, "chown": 92, "fchmodat": 268, "fchownat": 260,
    },
    "aarch64": {
        "socket": 198, "connect": 203, "accept": 202, "bind": 200, "listen": 201, "socketpair": 199, "accept4": 242,
        "execve": 221, "execveat": 281, "kill": 129, "tkill": 130, "ptrace": 117,
        "process_vm_readv": 270, "process_vm_writev": 271, "pidfd_open": 434, "pidfd_send_signal": 424,
        "pidfd_getfd": 438, "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51, "unshare": 97,
        "setns": 268, "bpf": 280, "perf_event_open": 241, "add_key": 217, "request_key": 218, "keyctl": 219,
        "io_uring_setup": 425, "userfaultfd": 282, "init_module": 105, "finit_module": 273, "kexec_load": 104,
        "fchmodat": 53, "fchownat": 54,
    },
}  # fmt: skip
_CLONE = {"x86_64": (56, 435), "aarch64": (220, 435)}  # clone, clone3
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # Landlock; the same numbers everywhere
# Writing, removing, making anything, linking elsewhere, cutting short (linux/landlock.h), by the kernel's version.
_WRITING = (1 << 1) | sum(1 << bit for bit in range(4, 13))
_WRITING_2, _WRITING_3 = 1 << 13, 1 << 14
_TCP = 0b11  # bind, connect


def limit(memory: int, cpu_seconds: int) -> None:
    """Caps address space, file size and the CPU time from now on; no core dumps. May be called again."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    wanted = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: spent + cpu_seconds,
        resource.RLIMIT_FSIZE: memory,
        resource.RLIMIT_CORE: 0,
    }
    for what, value in wanted.items():
        hard = resource.getrlimit(what)[1]
        soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(what, (soft, hard))
        except (ValueError, OSError) as error:  # macOS does not know RLIMIT_AS
            print(f"limit {what} not set: {error}", file=sys.stderr)


def peak_mb() -> float:
    """The most memory this process ever had."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:  # not Linux
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    # Not ru_maxrss: it begins with what the parent had when it started this process.
    return next(int(line.split()[1]) / 1e3 for line in status.splitlines() if line.startswith("VmHWM:"))


def lock(folder: Path) -> list[str]:
    """From now on: no network, no new processes, no signals to others, no writing outside `folder`.

    Returns what the kernel did not accept, as technical words. There is no way back.
    """
    missing = []
    for name, way in (("landlock", lambda: _landlock(folder)), ("seccomp", _seccomp)):
        try:
            way()
        except (OSError, AttributeError) as error:
            missing.append(f"{name}: {error}")
    sys.addaudithook(_hook(str(folder.resolve())))
    return missing


def _system_call(number: int, *arguments: Any) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    result: int = library.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _no_new_privileges() -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs")


def _landlock(folder: Path) -> None:
    if sys.platform != "linux":
        raise OSError(f"not on {sys.platform}")
    version = _system_call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    writing = _WRITING | (_WRITING_2 if version >= 2 else 0) | (_WRITING_3 if version >= 3 else 0)
    attributes = struct.pack("=QQ", writing, _TCP) if version >= 4 else struct.pack("=Q", writing)
    rules = _system_call(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    place = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        _system_call(_ADD_RULE, ctypes.c_int(rules), ctypes.c_int(1), struct.pack("=Qi", writing, place), 0)
        _no_new_privileges()
        _system_call(_RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint32(0))
    finally:
        os.close(place)
        os.close(rules)


def _seccomp() -> None:
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _REFUSED:
        raise OSError(f"not on {sys.platform} {machine}")
    program = _program(machine)
    code = b"".join(struct.pack("=HBBI", *step) for step in program)
    buffer = ctypes.create_string_buffer(code)
    description = struct.pack("@HP", len(program), ctypes.addressof(buffer))
    _no_new_privileges()
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, description, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "filter not accepted")


def _program(machine: str) -> list[tuple[int, int, int, int]]:
    """A classic BPF program over struct seccomp_data (number, architecture, address, arguments)."""
    clone, clone3 = _CLONE[machine]
    steps = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _REFUSE),
        (_LOAD, 0, 0, 0),
        (_GREATER_OR_EQUAL, 0, 1, 0x40000000),  # the other calling convention of x86-64
        (_RETURN, 0, 0, _REFUSE),
        (_EQUAL, 0, 1, clone3),  # its arguments cannot be looked at; the C library then uses clone
        (_RETURN, 0, 0, _NOT_THERE),
    ]
    for number in _REFUSED[machine].values():
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSE)]
    return [
        *steps,
        (_EQUAL, 0, 3, clone),
        (_LOAD, 0, 0, 16),
        (_ANY_BIT, 1, 0, _CLONE_THREAD),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]


_FORBIDDEN = ("socket.", "subprocess.", "os.fork", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.kill")


def _hook(folder: str) -> Any:
    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(_FORBIDDEN):
            raise PermissionError(f"{event} is not allowed while a file is read")
        if event == "open" and isinstance(arguments[0], (str, bytes, os.PathLike)):
            flags = arguments[2] if isinstance(arguments[2], int) else 0
            writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
            if writes and not os.path.realpath(os.fsdecode(arguments[0])).startswith(folder):
                raise PermissionError(f"writing {os.fsdecode(arguments[0])!r:.80} is not allowed while a file is read")

    return hook
