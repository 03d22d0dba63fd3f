"""What several commands do with an audit folder: fill one, open one, publish one."""

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from labelaudit.auditing import run
from labelaudit.cli.configured import Told, told
from labelaudit.cli.console import progress, say
from labelaudit.core.dataset import Check, Dataset
from labelaudit.core.errors import InputError, NothingJudged, Refusal
from labelaudit.core.folder import (
    DIGEST_FOLDER,
    EXAMPLES_FOLDER,
    FINDINGS_FILE,
    NEIGHBOURS_FOLDER,
    REFUSED_FILES,
    RUN_FILE,
    SCORES_FOLDER,
    SOURCE_FILE,
    WORKING_FOLDER,
    carry,
    is_audit,
    is_refused,
    load_audit,
    load_without_findings,
    staged,
    write_audit,
    write_text,
)
from labelaudit.core.place import Place, Url, is_url, place, shown
from labelaudit.core.results import Audit, DatasetFacts
from labelaudit.core.schema import refused_json
from labelaudit.core.settings import OF_DETECTION, Options
from labelaudit.core.text import printable
from labelaudit.core.version import __version__
from labelaudit.engine.job import Job, begin
from labelaudit.engine.parts import Parts
from labelaudit.engine.passes import HERE, Engine
from labelaudit.export.tables import write_flagged_csv
from labelaudit.ingest.contract import expect_known
from labelaudit.ingest.contract.readable import readable
from labelaudit.ingest.folder import Choices
from labelaudit.ingest.opening import open_here
from labelaudit.ingest.remote.fetching import Here, has_secrets, lying_here, name_of
from labelaudit.ingest.unchanged import key_of, note_key, reused
from labelaudit.report import render
from labelaudit.surveying import repaired, survey

_AGED = {"hierarchy": "has changed since it was"}  # the other roles are plural
_VERSIONS = ("numpy", "pyarrow", "scipy", "scikit-learn", "cleanlab")


def default_folder(dataset: Place) -> Path:
    """Return `./<dataset name>-audit`, never inside the dataset itself."""
    name = _name(dataset)
    if isinstance(dataset, Url):
        return Path(f"{name}-audit")
    resolved, here = Path(os.path.realpath(dataset)), Path.cwd()
    if resolved.is_dir() and here.is_relative_to(resolved):
        return resolved.parent / f"{name}-audit"
    return Path(f"{name}-audit")


def _name(dataset: Place) -> str:
    """Return what a dataset is called: a file without its endings."""
    if isinstance(dataset, Url):
        return printable(name_of(dataset))
    root = Path(os.path.realpath(dataset))  # `resolve` raises where links lead in a circle
    return printable(root.name.split(".")[0] if root.is_file() else root.name)


def make(
    dataset: Place,
    choices: Choices,
    options: Options,
    target: Path,
    quiet: bool = False,
    only_ingest: bool = False,
    engine: Engine = HERE,
    fresh: bool = False,
) -> Audit:
    """Audit a dataset into a folder, or only ingest it; the folder changes as a whole.

    Predictions that are as they were when the audit before this one read them are not read
    again, unless `fresh`.
    """
    expect_known(options.allow)
    try:
        return _made(dataset, choices, options, target, quiet, only_ingest, engine, fresh)
    except (Refusal, NothingJudged) as ending:
        with suppress(InputError, OSError):  # a full disk is not what was wrong
            if ending.checks:
                write_refused(ending.checks, dataset, options, target)
        raise


def _made(
    dataset: Place,
    choices: Choices,
    options: Options,
    target: Path,
    quiet: bool,
    only_ingest: bool,
    engine: Engine,
    fresh: bool,
) -> Audit:
    started = time.time()
    with (
        staged(target) as folder,
        progress(quiet) as report,
        lying_here(dataset, choices, folder / WORKING_FOLDER, report) as here,
    ):
        opened = _opened(here, folder)
        before = _audited_before(target)
        shards = opened.shards()
        key = None  # what was fetched is read again: its server knows when it was changed, not we
        if not here.places:
            begun_ns = int(started * 1e9)
            key = key_of(opened, here.dataset, here.choices, shards, begun_ns, __version__)
        surveyed = None if fresh else reused(target, folder, key, shards)
        if surveyed is not None:
            say("predictions unchanged: their digest is reused (--fresh reads them again)", quiet)
        job = begin(opened, folder, engine, progress=report)
        if only_ingest:
            _, made = survey(job, options, surveyed)
        else:
            made = run(job, options, surveyed)
        if surveyed is None:
            names = {"not_finite", "negative", "above_one", "all_zero_rows", "row_sums"}
            note_key(folder, key, [check for check in made.contract if check.name in names])
        _write_source(folder, dataset, choices, here.dataset)
        _finish(made, folder, started, job.engine)
    if before not in (None, made.dataset.name):  # not replaced without a word
        say(
            f"{target} held the audit of {before}; that of {made.dataset.name} took its place",
            quiet,
        )
    return replace(made, folder=target)


def write_refused(checks: Sequence[Check], dataset: Place, options: Options, target: Path) -> None:
    """Leave what a refused audit is: its checks and no count. A previous audit stays as it was."""
    facts = DatasetFacts(
        name=printable(_name(dataset), 80),
        format="",
        n_examples=0,
        n_unlabelled=0,
        class_names=(),
        class_counts=(),
        has=(),
        notices=(),
    )
    made = Audit(
        dataset=facts,
        contract=tuple(checks),
        inputs=(),
        settings=options.settings,
        tool_version=__version__,
    )
    target.mkdir(exist_ok=True)
    for name, text in zip(REFUSED_FILES, (refused_json(made), render(made, "html")), strict=True):
        write_text(target / name, text)


def _opened(here: Here, folder: Path) -> Dataset:
    """Open a dataset; what does not fit into memory on the way is kept in the working folder."""
    scratch = folder / WORKING_FOLDER
    try:
        return open_here(here, scratch)
    except InputError as error:
        if isinstance(error, Refusal) or not here.dataset.exists():  # a slip of the pen, no audit
            raise
        raise readable(here.renamed(str(error))) from None


def _audited_before(target: Path) -> str | None:
    """Return what the audit at a path is of; None where there is none that can be read."""
    if not is_audit(target):
        return None
    try:
        return load_without_findings(target).dataset.name
    except InputError:
        return None


def go_on(
    target: Path,
    step: Callable[[Job, Audit], Audit],
    quiet: bool = False,
    engine: Engine = HERE,
) -> Audit:
    """Run a further step on an audit whose inputs are as they were."""
    started = time.time()
    made = load_audit(target)
    with staged(target) as folder, progress(quiet) as report:
        job = reopened(target, made, folder, engine, progress=report)
        carry(target / NEIGHBOURS_FOLDER, folder / NEIGHBOURS_FOLDER)
        after = step(job, made)
        for name in (DIGEST_FOLDER, SOURCE_FILE):
            carry(target / name, folder / name)
        if after.findings is made.findings and made.findings is not None:
            for name in (SCORES_FOLDER, FINDINGS_FILE, EXAMPLES_FOLDER):
                carry(target / name, folder / name)
        _finish(after, folder, started, job.engine)
    return replace(after, folder=target)


def reopened(target: Path, made: Audit, folder: Path, engine: Engine = HERE, **how: Any) -> Job:
    """Open the dataset of an audit again, to go on with it in `folder`.

    Refuses where a file has changed since.
    """
    dataset, choices, whole = _read_source(target)
    if not whole:
        raise InputError(
            f"{printable(target)}: was read from a URL with a query, a password or the like, which "
            "are not stored; run `labelaudit audit` with the whole URL"
        )
    scratch = folder / WORKING_FOLDER
    with lying_here(dataset, choices, scratch, how.get("progress")) as here:
        again = _opened(here, folder)
    before = {(file.role, file.path): file for file in made.inputs}
    now = {(file.role, file.path): file for file in again.inputs}
    for role, path in sorted(before.keys() | now.keys()):
        was, is_now = before.get((role, path)), now.get((role, path))
        if was is None or is_now is None or was.fingerprint != is_now.fingerprint:
            changed = is_now or was
            assert changed is not None
            raise InputError(
                f"{changed.path}: the {role} {_AGED.get(role, 'have changed since they were')} "
                "ingested; run `labelaudit ingest` again"
            )
    digest = Parts(target.absolute() / DIGEST_FOLDER)
    # An audit that was ingested before there were slices knows none of those that are found now.
    kept = made.dataset.slices
    slices = {name: own for name, own in again.slices.items() if kept.get(name) == own.distinct}
    job = begin(replace(again, slices=slices), folder, engine, digest, **how)
    return repaired(job, [check for check in made.contract if check.name == "row_sums"])


def dataset_of(made: Audit) -> Place:
    """Return where the dataset of an audit lies; raises InputError where that was not noted."""
    if made.folder is None:
        raise InputError("this audit has no folder")
    return _read_source(made.folder)[0]


def _read_source(target: Path) -> tuple[Place, Choices, bool]:
    """Return where the inputs of an audit lie, and whether all of that was written down."""
    try:
        source = json.loads((target / SOURCE_FILE).read_text(encoding="utf-8"))
        dataset, choices = place(source["dataset"]), Choices(**source["choices"])
        return dataset, choices, source.get("is_whole", True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{printable(target / SOURCE_FILE)}: cannot be read ({type(error).__name__}); run "
            "`labelaudit ingest` again"
        ) from None


def expect_not_refused(path: Place) -> None:
    """Raise an InputError where all that a folder holds is what a refused audit left."""
    if is_refused(path):
        raise InputError(
            f"{printable(path)}: this audit was refused, its {REFUSED_FILES[1]} says why; mend "
            "the input, or audit it with --allow"
        )


def audit_of(
    path: Place, quiet: bool = False, engine: Engine = HERE, known: Told | None = None
) -> Audit:
    """Return the audit at a path; a dataset is audited first, as `known` or the file tells."""
    if is_audit(path):
        return load_audit(path)
    expect_not_refused(path)
    known = known if known is not None else told({}, dataset=path)
    target = target_of(path, known)
    made = make(path, known.choices(), known.options(), target, quiet, engine=engine)
    say(f"audited {path} into {target}", quiet)
    return made


def target_of(dataset: Place, known: Told) -> Path:
    """Return the folder that an audit is written into where no flag names one."""
    named = known.values["output"]
    return Path(named) if named is not None else default_folder(dataset)


def options_of(made: Audit) -> Options:
    """Return the settings by which an audit detected."""
    named = {name: setting.value for name, setting in made.settings.items()}
    known = {name: named[name] for name in OF_DETECTION if name in named}
    return Options(**known)


def _write_source(folder: Path, dataset: Place, choices: Choices, here: Path) -> None:
    """Note where the inputs lie, so that a further command finds them from anywhere.

    `here` is where the dataset itself lies on this machine. Of URLs their secrets are not noted.
    """
    named = asdict(choices)
    root = here if here.is_dir() else here.parent
    for role in ("labels", "predictions", "embeddings", "images", "classes", "hierarchy"):
        if role == "predictions":
            named[role] = [_found_again(root, value) for value in choices.models] or None
        elif named[role] is not None:
            named[role] = _found_again(root, named[role])
    lies_at = str(dataset if isinstance(dataset, Url) else dataset.resolve())
    source = {"dataset": lies_at, "choices": named, "is_whole": not has_secrets(dataset, choices)}
    _write_json(folder / SOURCE_FILE, source)


def _found_again(root: Path, value: str) -> str:
    if is_url(str(value)):
        found = place(value)
        return str(found if isinstance(found, Url) else found.resolve())
    inside = (root / value).exists()
    return str(Path(value).resolve()) if not inside and Path(value).exists() else value


def _finish(made: Audit, folder: Path, started: float, engine: Engine) -> None:
    """Write what people and scripts read, and what may differ from run to run."""
    write_audit(made, folder)
    if made.detection is not None:
        write_flagged_csv(made, folder / "flagged.csv")
    (folder / "report.html").write_text(render(made, "html"), encoding="utf-8", newline="\n")
    facts = {
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "seconds": round(time.time() - started, 3),
        "engine": engine.name,
        "workers": engine.workers,
        "command": [printable(shown(word), 200) for word in sys.argv[1:]],
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": {name: version(name) for name in _versions(engine)},
    }
    _write_json(folder / RUN_FILE, facts)


def _versions(engine: Engine) -> tuple[str, ...]:
    return (*_VERSIONS, "distributed") if engine.name == "dask" else _VERSIONS


def _write_json(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
