"""Builds the guest: a Debian kernel, BlueZ and D-Bus, from packages, without root or debootstrap.

Python and everything of ours come from the machine that runs the tests, through a read-only share
of its file system, so that every change is tried without a new image.
"""

from __future__ import annotations

import fcntl
import hashlib
import lzma
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .packages import ImageUnavailableError, candidates, wanted_kernel

HERE: Final = Path(__file__).parent
CACHE: Final = HERE.parents[1] / ".cache" / "bluez"

PACKAGES: Final = (
    "bluez",
    "busybox-static",
    "dbus-bin",
    "dbus-daemon",
    "dbus-system-bus-common",
    # What those are linked against.
    "libapparmor1",
    "libasound2",
    "libaudit1",
    "libbz2-1.0",
    "libc6",
    "libcap-ng0",
    "libcap2",
    "libdbus-1-3",
    "libdw1",
    "libelf1",
    "libexpat1",
    "libgcrypt20",
    "libglib2.0-0",
    "libgpg-error0",
    "liblz4-1",
    "liblzma5",
    "libpcre2-8-0",
    "libreadline8",
    "libselinux1",
    "libsystemd0",
    "libtinfo6",
    "libudev1",
    "libzstd1",
    "zlib1g",
)
MODULES: Final = (
    *("virtio_pci", "virtio_net", "9p", "9pnet_virtio"),
    *("bluetooth", "hci_uart", "rfkill"),
    # The kernel's share of pairing and BlueZ's own (it signs and hashes through AF_ALG).
    *("ecdh_generic", "cmac", "ecb", "ccm", "ctr", "drbg", "sha512_generic"),
    *("algif_hash", "algif_skcipher", "aes_generic", "sha256_generic", "hmac"),
)
UNNEEDED: Final = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info")


@dataclass(frozen=True)
class Image:
    """What QEMU boots."""

    kernel: Path
    initrd: Path


def image(kernel: Callable[[], str] = wanted_kernel) -> Image:
    """Return the image for these inputs, built if it is not cached.

    Args:
        kernel: finds the kernel's package.

    Raises:
        ImageUnavailableError: a tool or a package cannot be had.
    """
    for tool in ("apt-get", "apt-cache", "dpkg-deb", "cpio", "zstd", "qemu-system-x86_64"):
        if shutil.which(tool) is None:
            raise ImageUnavailableError(f"{tool} is not installed")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        # Whoever comes second finds what the first has built.
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            return _cached_or_built(kernel())
        except ImageUnavailableError:
            # A machine fresh from an image has no lists of packages; an old one has stale ones.
            if os.geteuid():
                raise
            subprocess.run(["apt-get", "update", "-qq"], check=False)
            return _cached_or_built(kernel())


def _cached_or_built(kernel: str) -> Image:
    folder = CACHE / _key(kernel)
    vmlinuz, initrd = folder / "vmlinuz", folder / "initrd.zst"
    if initrd.exists():
        return Image(vmlinuz, initrd)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="work-") as work:
        root = Path(work, "root")
        root.mkdir()
        _unpack(kernel, Path(work), root)
        (found,) = (root / "boot").glob("vmlinuz-*")
        _put(found.read_bytes(), vmlinuz)
        _prune(root)
        _furnish(root)
        _put(_packed(root), initrd)
    return Image(vmlinuz, initrd)


def _put(content: bytes, place: Path) -> None:
    """Write a file whole or not at all: a cache never holds half an image."""
    part = place.with_suffix(".part")
    part.write_bytes(content)
    part.rename(place)


def _key(kernel: str) -> str:
    """Return a name that changes with anything the image is made of."""
    versions = candidates(kernel, *PACKAGES)
    inputs = [Path(__file__).read_bytes(), *(p.read_bytes() for p in sorted(_guest_files()))]
    digest = hashlib.sha256(repr(sorted(versions.items())).encode())
    for one in inputs:
        digest.update(one)
    return digest.hexdigest()[:16]


def _guest_files() -> list[Path]:
    return [path for path in (HERE / "guest").rglob("*") if path.is_file()]


def _unpack(kernel: str, work: Path, root: Path) -> None:
    fetched = subprocess.run(
        [
            "apt-get",
            "download",
            "-qq",
            "-o",
            "APT::Sandbox::User=root",
            kernel,
            *PACKAGES,
        ],
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
    )
    if fetched.returncode:
        raise ImageUnavailableError(f"packages cannot be had: {fetched.stderr.strip()[-200:]}")
    for package in sorted(work.glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", package, root], check=True)


def _prune(root: Path) -> None:
    for folder in ("boot", *UNNEEDED):
        shutil.rmtree(root / folder, ignore_errors=True)
    (kernel_tree,) = (root / "lib/modules").iterdir()
    needed = _with_dependencies({p.name.partition(".")[0]: p for p in kernel_tree.rglob("*.ko*")})
    kept = root / "modules"
    kept.mkdir()
    for name, module in needed.items():
        (kept / name).write_bytes(module)
    (kept / "order").write_text("".join(f"{name}\n" for name in needed))
    shutil.rmtree(root / "lib/modules")


def _with_dependencies(available: dict[str, Path]) -> dict[str, bytes]:
    """Return the modules wanted and all that they stand on, in order of loading."""
    by_name = {name.replace("-", "_"): path for name, path in available.items()}
    ordered: dict[str, bytes] = {}

    def add(name: str) -> None:
        if name in ordered or name not in by_name:
            return  # loaded already, or built into this kernel
        packed, path = by_name[name].read_bytes(), by_name[name]
        module = lzma.decompress(packed) if path.suffix == ".xz" else packed
        said = re.search(rb"\0depends=([^\0]*)\0", module)
        for other in (said[1].decode() if said else "").split(","):
            add(other.replace("-", "_"))
        ordered[name] = module

    for name in MODULES:
        add(name)
    return ordered


def _furnish(root: Path) -> None:
    """Add what a system has beyond its packages."""
    for folder in ("proc", "sys", "dev", "tmp", "run", "host", "var/lib/bluetooth", "etc", "www"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    shutil.rmtree(root / "var/run", ignore_errors=True)
    (root / "var/run").symlink_to("/run")
    (root / "etc/passwd").write_text(
        "root:x:0:0::/root:/bin/sh\nmessagebus:x:100:100::/nonexistent:/bin/false\n"
    )
    (root / "etc/group").write_text("root:x:0:\nmessagebus:x:100:\nbluetooth:x:101:\n")
    (root / "etc/machine-id").write_text(hashlib.md5(b"lullaflow").hexdigest() + "\n")
    for source in _guest_files():
        target = root / source.relative_to(HERE / "guest")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
        target.chmod(target.stat().st_mode | stat.S_IXUSR)


def _packed(root: Path) -> bytes:
    names = subprocess.run(
        ["find", ".", "-print0"], cwd=root, capture_output=True, check=True
    ).stdout
    archive = subprocess.run(
        ["cpio", "--null", "--create", "--format=newc", "--owner=0:0", "--quiet"],
        cwd=root,
        input=names,
        capture_output=True,
        check=True,
    ).stdout
    return subprocess.run(
        ["zstd", "-q", "-6", "-T0", "-c"], input=archive, capture_output=True, check=True
    ).stdout
