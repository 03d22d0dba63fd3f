"""Mutated files of every format: read, or refused in one line; never a traceback, never a hang.

And never more memory than a small file is worth, whatever it claims or unpacks to: they are read
in a process of its own that may map but so much. 2,000 mutations of a fixed seed run here. A
longer run goes on from there:

    LABELAUDIT_FUZZ=100000 python -m pytest tests/ingest/test_fuzz.py -q
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ingest.fuzzing import BOMBS, SEEDS

RUNS = int(os.environ.get("LABELAUDIT_FUZZ", "2000"))
# Beyond what the process held before, in bytes: of a mutated file, and of a bomb.
MOST_OF_A_FILE, MOST_OF_A_BOMB = 128 << 20, 256 << 20
SLOWEST_S = 20.0


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Return what came of each format and each bomb, by name."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("the peak of memory is known on Linux only")
    folder = tmp_path_factory.mktemp("fuzz")
    runs = -(-RUNS // len(SEEDS))
    made = subprocess.run(
        [sys.executable, "-m", "tests.ingest.fuzzing", folder, str(runs), *SEEDS, *BOMBS],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    found = {line["name"]: line for line in map(json.loads, made.stdout.splitlines())}
    assert len(found) == len(SEEDS) + len(BOMBS), (list(found)[-1:], made.returncode, made.stderr)
    return found


@pytest.mark.parametrize("name", SEEDS)
def test_mutated_files_are_read_or_refused(name, outcomes):
    found = outcomes[name]
    assert not found["wrong"], found["wrong"][:3]
    assert found["whole"] == "", "what was not mutated is read"
    assert found["files"] >= found["refused"] > 0
    assert found["slowest"] < SLOWEST_S
    assert found["most"] < MOST_OF_A_FILE


@pytest.mark.parametrize("name", BOMBS)
def test_a_file_that_claims_or_unpacks_to_much_is_refused_in_little_memory(name, outcomes):
    found = outcomes[name]
    assert not found["wrong"], found["wrong"]
    assert found["refused"] == 1
    assert found["slowest"] < SLOWEST_S
    assert found["most"] < MOST_OF_A_BOMB
