"""One process that runs libnftables in a network namespace of its own: thousands of commands without a program for each."""

import json
import subprocess
import sys
from typing import Self

__all__ = ["NftProcess"]

_PROGRAM = """
import ctypes, json, sys

library = ctypes.CDLL("libnftables.so.1")
library.nft_ctx_new.restype = ctypes.c_void_p
library.nft_ctx_new.argtypes = [ctypes.c_uint32]
for name in ("nft_ctx_buffer_output", "nft_ctx_buffer_error"):
    getattr(library, name).argtypes = [ctypes.c_void_p]
for name in ("nft_ctx_get_output_buffer", "nft_ctx_get_error_buffer"):
    getattr(library, name).argtypes = [ctypes.c_void_p]
    getattr(library, name).restype = ctypes.c_char_p
library.nft_run_cmd_from_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
library.nft_ctx_output_set_flags.argtypes = [ctypes.c_void_p, ctypes.c_uint]
library.nft_ctx_free.argtypes = [ctypes.c_void_p]
for line in sys.stdin:
    answers = []
    for command in json.loads(line):
        context = library.nft_ctx_new(0)
        library.nft_ctx_buffer_output(context)
        library.nft_ctx_buffer_error(context)
        library.nft_ctx_output_set_flags(context, 1 << 3 if command.startswith("list") else 0)
        status = library.nft_run_cmd_from_buffer(context, command.encode())
        output, error = library.nft_ctx_get_output_buffer(context), library.nft_ctx_get_error_buffer(context)
        answers.append([status, output.decode(), error.decode()])
        library.nft_ctx_free(context)
    print(json.dumps(answers), flush=True)
"""


class NftProcess:
    """Answers commands; lists have handles, as with `nft -a`."""

    def __enter__(self) -> Self:
        way = ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-c", _PROGRAM]
        self._process = subprocess.Popen(way, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=30)

    def ask(self, commands: list[str]) -> list[tuple[bool, str, str]]:
        """For each command whether it was taken, what it printed, and what it complained of."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{json.dumps(commands)}\n")
        self._process.stdin.flush()
        answers = json.loads(self._process.stdout.readline())
        return [(status == 0, output, error) for status, output, error in answers]
