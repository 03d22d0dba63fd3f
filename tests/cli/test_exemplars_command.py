"""`labelaudit exemplars`: from an audit to one page."""

import base64
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import labelaudit
from labelaudit.cli import exemplars as command
from labelaudit.ingest.pictures import picture_at


def test_a_page_of_digits_shows_every_class_with_its_pictures(cli, digits_audit, sample_data):
    done = cli("exemplars", digits_audit, "-o", "instructions.html")
    assert (done.code, done.out) == (0, "")
    assert done.err == "wrote instructions.html\n"
    page = Path("instructions.html").read_text("utf-8")
    assert page.count("<section") == 10
    assert page.count("<img") == 110
    assert "nearest to all others" in page
    sources = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page)
    images = sample_data / "digits" / "images"
    known = {picture_at(images, name.name, 160).jpeg for name in images.iterdir()}
    assert {base64.b64decode(source) for source in sources} <= known
    assert cli("exemplars", digits_audit, "-o", "again.html").code == 0
    assert Path("again.html").read_text("utf-8") == page


def test_markdown_goes_to_standard_output(cli, digits_audit):
    done = cli("exemplars", digits_audit, "--class", "8", "--class", "3")
    assert done.code == 0
    headings = [line for line in done.out.splitlines() if line.startswith("## ")]
    assert headings == ["## 3", "## 8"]
    assert done.out.count("\n- ") == 22
    assert cli("exemplars", digits_audit, "--class", "8", "--class", "3", "-o", "a.md").code == 0
    assert Path("a.md").read_text("utf-8") == done.out
    page = cli("exemplars", digits_audit, "-o", "-")
    assert page.out.startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--class", "eight"), "--class eight: no such class"),
        (("-o", "a.pdf"), "end it in .html or .md"),
        (("-o", "no/such/a.html"), "no such folder to write into"),
    ],
)
def test_what_is_wrong_is_one_line(cli, digits_audit, arguments, said):
    done = cli("exemplars", digits_audit, *arguments)
    assert done.code == 2
    assert said in done.complaint


def test_a_dataset_that_moved_or_changed_is_named(cli, tiny, tmp_path):
    assert cli("audit", tiny, "-o", "made").code == 0
    assert cli("exemplars", "made").code == 0
    (tiny / "labels.csv").write_text((tiny / "labels.csv").read_text().replace("cat", "dog", 1))
    assert "have changed since they were ingested" in cli("exemplars", "made").complaint
    shutil.move(tiny, tmp_path / "elsewhere")
    done = cli("exemplars", "made")
    assert done.code == 2
    assert "no such file or folder" in done.complaint


def test_nothing_is_shown_of_what_was_never_judged(cli, tiny):
    assert cli("ingest", tiny, "-o", "made").code == 0
    done = cli("exemplars", "made")
    assert done.code == 4
    assert "labelaudit detect" in done.complaint


def test_a_dataset_is_audited_first(cli, tiny):
    done = cli("exemplars", tiny)
    assert done.code == 0
    assert "There are no embeddings" in done.out
    assert done.out.count("## ") - done.out.count("### ") == 3


def test_texts_are_shown_with_what_hides_in_them(cli, tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    rows = [(f"r{i}", f"say {i}, <b>so</b> \u202eevil", "ab"[i % 2]) for i in range(40)]
    with open(folder / "labels.csv", "w", encoding="utf-8") as file:
        file.write("id,text,label\n")
        file.writelines(
            f'{name},"{text}",{label}\n' for name, text, label in [*rows[:5], ("x", "no label", "")]
        )
        file.writelines(f'{name},"{text}",{label}\n' for name, text, label in rows[5:])
    with open(folder / "predictions.csv", "w", encoding="utf-8") as file:
        file.write("id,prob_a,prob_b\n")
        file.writelines(
            f"r{i},{0.9 - i % 2 * 0.8 - i / 1000},{0.1 + i % 2 * 0.8 + i / 1000}\n"
            for i in range(40)
        )
    assert cli("audit", folder, "-o", "made").code == 0
    done = cli("exemplars", "made", "-o", "-")
    assert done.code == 0
    shown = re.findall(r"<bdi>say (\d+), &lt;b&gt;so&lt;/b&gt; \\u202eevil</bdi>", done.out)
    named = re.findall(r'<p class="code"><bdi>r(\d+)</bdi>', done.out)
    assert shown == named
    assert len(shown) == 22
    assert "<img" not in done.out


def test_pictures_of_a_folder_by_class_good_and_bad(cli, tmp_path, sample_data):
    images = sorted((sample_data / "digits" / "images").iterdir())
    folder = tmp_path / "data"
    for number in range(40):
        place = folder / ("a" if number % 2 else "b")
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(images[number], place / f"{number}.png")
    (folder / "a" / "1.png").write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>")
    (folder / "b" / "0.png").write_bytes(images[0].read_bytes()[:40])
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    with open(folder / "predictions.csv", "w", encoding="utf-8") as file:
        file.write("id,prob_a,prob_b\n")
        for rank, name in enumerate(names):
            own = 0.3 if name in ("a/1.png", "b/0.png") else 0.9 - rank / 1000
            a = own if name.startswith("a") else 1 - own
            file.write(f"{name},{a:.6f},{1 - a:.6f}\n")
    assert cli("audit", folder, "-o", "made").code == 0
    done = cli("exemplars", "made", "-o", "page.html")
    assert done.code == 0
    said = "2 of 22 examples are not shown, they are named only: is no picture that can be read (2)"
    assert said in done.err
    page = Path("page.html").read_text("utf-8")
    assert page.count("<img") == 20
    assert "svg" not in page.partition("</style>")[2]


def test_many_classes_are_bounded_and_said(cli, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    n_classes = 60
    labels = np.repeat(np.arange(n_classes), 5)
    generator = np.random.default_rng(0)
    seen = np.where(generator.random(len(labels)) < 0.1, (labels + 1) % n_classes, labels)
    predictions = np.full((len(labels), n_classes), 0.4 / (n_classes - 1))
    predictions[np.arange(len(labels)), seen] = 0.6
    np.save(folder / "labels.npy", labels)
    np.save(folder / "pred_probs.npy", predictions)
    assert cli("audit", folder, "-o", "made").code == 0
    done = cli("exemplars", "made")
    assert done.code == 0
    shown = [int(line[3:]) for line in done.out.splitlines() if line.startswith("## ")]
    assert len(shown) == command.MOST_CLASSES
    assert shown == sorted(shown)
    assert "40 classes with most suspects are shown" in done.out
    flagged = labelaudit.load_audit("made").detection.flagged_by_class
    assert set(np.flatnonzero(flagged).tolist()) <= set(shown)
    assert "with most suspects" not in cli("exemplars", "made", "--class", "59").out
