"""A PostgreSQL server of our own, for tests: a fresh cluster on loopback, gone afterwards."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def missing() -> str:
    """Why no server can be started here; empty when one can."""
    if _binaries() is None:
        return "PostgreSQL's initdb and postgres are not installed (Debian: apt-get install postgresql)"
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        return "PostgreSQL does not run as root, and setpriv, to become somebody else, is not installed"
    return ""


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@contextmanager
def server() -> Iterator[str]:
    """The URL of an empty database, for as long as the context lasts."""
    binaries = _binaries()
    assert binaries is not None
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    nobody: list[str] = []
    user = getpass.getuser()
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
        nobody, user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"], "nobody"
    port = _free_port()
    try:
        _run([*nobody, str(binaries / "initdb"), "-D", f"{folder}/data", "-A", "trust", "-E", "UTF8", "--no-sync"])
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        control = [*nobody, str(binaries / "pg_ctl"), "-D", f"{folder}/data"]
        _run([*control, "-o", options, "-l", f"{folder}/log", "-w", "start"])
        try:
            yield f"postgresql://{user}@127.0.0.1:{port}/postgres"
        finally:
            _run([*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 0, f"{command[0]}: {done.stderr.decode(errors='replace')}"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
