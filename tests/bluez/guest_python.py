"""Runs in the guest: Python with our packages imported once, and forked for each program.

Under emulation the imports take longer than most programs that the tests run.
"""

import contextlib
import importlib
import json
import os
import runpy
import signal
import socket
import sys
from typing import Any


def main(port: str, *modules: str) -> None:
    """Import, then run a program for each connection until killed.

    A request is one JSON line: `argv`, `user` (a number) and `environment`. The answer is the
    program's process id, what it prints, and its exit status, line by line.
    """
    for module in modules:
        importlib.import_module(module)
    # These take an emulated computer ten seconds, and are the same in every fork.
    importlib.import_module("lullaflow.detection").prepare()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks below
    with socket.create_server(("", int(port)), backlog=20) as server:
        print("python is warm", flush=True)
        while True:
            connection, _ = server.accept()
            if os.fork() == 0:
                server.close()
                answer(connection)
                os._exit(0)
            connection.close()


def answer(connection: socket.socket) -> None:
    """Run one program to its end, and tell how it ended."""
    request = json.loads(connection.makefile().readline())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    program = os.fork()
    if program == 0:
        for stream in (1, 2):
            os.dup2(connection.fileno(), stream)
        connection.close()
        os._exit(run(**request))
    with contextlib.suppress(OSError):  # nobody has to listen to the end
        connection.sendall(f"{program}\n".encode())
    _, status = os.waitpid(program, 0)
    with contextlib.suppress(OSError):
        connection.sendall(f"exit {os.waitstatus_to_exitcode(status)}\n".encode())


def run(argv: list[str], user: int, environment: dict[str, str]) -> int:
    """Be `python ARGV...` from here on; return the exit status."""
    os.environ.update(environment)
    sys.stdout.reconfigure(line_buffering=True)
    if user:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    run_as: Any = runpy.run_path
    if argv[0] == "-m":
        del argv[0]
        run_as = runpy.run_module
    else:
        sys.path.insert(0, os.path.dirname(argv[0]))  # noqa: PTH120 - as Python itself does
    sys.argv = argv
    try:
        run_as(argv[0], run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - told as Python itself would
        sys.excepthook(*sys.exc_info())
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


main(*sys.argv[1:])
