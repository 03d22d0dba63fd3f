"""Files that npm packages carry, and what a test does where something is absent."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def unavailable(what: str, reason: str) -> None:
    """Skip, or fail where it is required."""
    if what in os.environ.get("LABELAUDIT_REQUIRE", "").split(","):
        pytest.fail(f"{what} is required: {reason}")
    pytest.skip(reason)


def from_npm(package: str, version: str, file: str, folder: Path) -> str:
    """Return a file of a package, which is installed into `folder` where it is not there yet."""
    here = os.environ.get("LABELAUDIT_NODE_MODULES")
    for place in ([Path(here)] if here else []) + [folder / "node_modules"]:
        if (place / package / file).exists():
            return (place / package / file).read_text(encoding="utf-8")
    npm = shutil.which("npm")
    if npm is None:
        unavailable("npm", "npm is not installed")
    wanted = f"{package}@{version}"
    command = [str(npm), "install", "--no-audit", "--no-fund", "--silent", wanted]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120)
    found = folder / "node_modules" / package / file
    if done.returncode or not found.exists():
        unavailable("npm", f"{package} could not be installed from npm")
    return found.read_text(encoding="utf-8")
