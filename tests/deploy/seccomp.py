"""Runs a command under the filters that systemd makes of SystemCallFilter= and its like.

Call it as `seccomp.py FILTERS COMMAND…`. FILTERS is a JSON object. `calls` has the system calls that are allowed, and
`families` the numbers of the address families that sockets may have. Memory that can be written is never executable
(MemoryDenyWriteExecute=).
"""

import ctypes
import errno
import json
import mmap
import os
import sys
from collections.abc import Sequence
from typing import Any

# Of seccomp.h.
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
EQUAL, MASKED_EQUAL = 4, 7
WRITE_AND_EXECUTE = mmap.PROT_WRITE | mmap.PROT_EXEC
# The third argument of these calls says how memory can be used.
PROTECTION = 2


class Compared(ctypes.Structure):
    """What an argument of a system call is compared with (struct scmp_arg_cmp)."""

    _fields_ = (
        ("argument", ctypes.c_uint),
        ("how", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


class Filter:
    """A filter that does the one thing by default, and another with the calls that are added."""

    def __init__(self, default: int) -> None:
        self._library: Any = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._library.seccomp_init(default))

    def add(self, action: int, call: str, *compared: Compared) -> None:
        """Does this with the call if its arguments are so. A call that this machine does not have is skipped."""
        number = self._library.seccomp_syscall_resolve_name(call.encode())
        if number >= 0:
            array = (Compared * len(compared))(*compared)
            self._check(self._library.seccomp_rule_add_array(self._context, action, number, len(compared), array))

    def load(self) -> None:
        """Puts the filter in force."""
        self._check(self._library.seccomp_load(self._context))

    def _check(self, code: int) -> None:
        if code:
            raise OSError(-code, os.strerror(-code))


def confine(calls: Sequence[str], families: Sequence[int]) -> None:
    """Puts both filters in force. The kernel does what the stricter one says."""
    memory = Filter(ALLOW)
    memory.add(REFUSE, "mmap", Compared(PROTECTION, MASKED_EQUAL, WRITE_AND_EXECUTE, WRITE_AND_EXECUTE))
    for call in ("mprotect", "pkey_mprotect"):
        memory.add(REFUSE, call, Compared(PROTECTION, MASKED_EQUAL, mmap.PROT_EXEC, mmap.PROT_EXEC))
    allowed = Filter(REFUSE)
    for call in {*calls} - {"socket"}:
        allowed.add(ALLOW, call)
    for family in families:
        allowed.add(ALLOW, "socket", Compared(0, EQUAL, family, 0))
    memory.load()
    allowed.load()


if __name__ == "__main__":
    confine(**json.loads(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])
