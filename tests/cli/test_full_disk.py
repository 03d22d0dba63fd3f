"""A disk that is full, at whatever point: one line, the last audit whole, nothing left behind."""

import os
import re
import resource
import shutil
import subprocess

import pytest

from tests.cli.test_endings import LABELAUDIT, made_up

HERE, PROCESSES = [], ["--engine", "processes", "--workers", "2"]
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
LINE = re.compile(
    r"labelaudit: \S+: (No space left on device|File too large); nothing was published, a "
    r"previous audit is as it was\n"
)


@pytest.fixture
def data(tmp_path):
    made_up(tmp_path / "few", 200, 5)
    return made_up(tmp_path / "many", 40_000, 5)


# Measuring coverage writes files, too.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}


@pytest.mark.parametrize(
    ("engine", "kilobytes"), [(HERE, 20), (HERE, 500), (PROCESSES, 500), (PROCESSES, 700)]
)
def test_files_that_may_not_grow(tmp_path, data, engine, kilobytes):
    """The limit on the size of a file meets each write in turn; it needs no rights."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes << 10, kilobytes << 10))

    out = tmp_path / "out"
    subprocess.run([*LABELAUDIT, "audit", tmp_path / "few", "-o", out], check=True, **QUIET)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    done = subprocess.run(
        [*LABELAUDIT, "audit", data, "-o", out, "-q", *engine],
        preexec_fn=limit,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2, done.stderr
    assert LINE.fullmatch(done.stderr), done.stderr
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert sorted(os.listdir(tmp_path)) == ["few", "many", "out"]


ON_A_SMALL_DISK = """
mount -t tmpfs -o size=$1 none "$2" || exit 77
shift; place=$1; shift
"$@" audit few -o "$place/out" -q >/dev/null || exit 78
sum() { (cd "$place" && find . -type f | sort | xargs cat | cksum); }
before=$(sum)
"$@" audit many -o "$place/out" -q $ENGINE >/dev/null
code=$?
[ $code = 0 ] || [ "$before" = "$(sum)" ] || exit 79
[ "$(ls -A "$place")" = out ] || exit 80
exit $code
"""


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs a disk of its own")
@pytest.mark.parametrize(
    ("engine", "kilobytes", "code"), [(HERE, 700, 2), (PROCESSES, 2_500, 2), (PROCESSES, 20_000, 0)]
)
def test_a_disk_that_is_full(tmp_path, data, engine, kilobytes, code):
    (tmp_path / "disk").mkdir()
    done = subprocess.run(
        [
            *("unshare", "--mount", "sh", "-c", ON_A_SMALL_DISK, "sh", f"{kilobytes}k"),
            *(str(tmp_path / "disk"), *LABELAUDIT),
        ],
        cwd=tmp_path,
        env=ENVIRONMENT | {"ENGINE": " ".join(engine)},
        capture_output=True,
        text=True,
    )
    if done.returncode in (1, 77) and "audit" not in done.stderr:
        pytest.skip(f"a disk of its own needs root: {done.stderr}")
    assert done.returncode == code, done.stderr
    assert bool(LINE.fullmatch(done.stderr)) == (code == 2), done.stderr
