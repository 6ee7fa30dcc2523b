"""Runs lullaflow's commands in the guest."""

from __future__ import annotations

from .conftest import Bench
from .machine import SCRATCH
from .python import run_python


async def lullaflow(
    bench: Bench, *arguments: str, user: int = 0, adapter: str = ""
) -> tuple[int, list[str]]:
    """Run a command; return its exit status and the lines that it prints, never a traceback.

    Args:
        bench: the guest.
        arguments: of `lullaflow`.
        user: id of who runs it.
        adapter: the one in the settings, by name or address; empty for any.
    """
    status, printed = await run_python(
        bench.machine,
        *("-m", "lullaflow", "--log-level", "error", *arguments),
        user=user,
        HOME=f"{SCRATCH}/nobody" if user else SCRATCH,
        LULLAFLOW_BLUETOOTH__ADAPTER=adapter,
    )
    assert "Traceback" not in printed
    return status, printed.splitlines()


async def doctor(bench: Bench, *, user: int = 0, adapter: str = "") -> str:
    """Return what the doctor says about Bluetooth."""
    _, lines = await lullaflow(bench, "doctor", user=user, adapter=adapter)
    (said,) = [line for line in lines if "Bluetooth:" in line]
    return said


async def refusal(bench: Bench, command: str, *, user: int = 0) -> str:
    """Return what a command says that cannot do what it is asked for."""
    status, lines = await lullaflow(bench, command, user=user)
    assert status == 2
    return " ".join(lines)
