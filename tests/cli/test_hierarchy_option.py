"""`--hierarchy` from the file to the audit folder and back."""

import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

import labelaudit
from labelaudit.core.folder import load_audit

TREE = "pets: [cat, dog]\nwild: [bird]\n"


def test_the_tree_goes_the_whole_way(cli, tiny, tmp_path):
    (tiny / "classes.yaml").write_text(TREE)
    assert cli("audit", tiny, "--hierarchy", "classes.yaml", "-o", "made").code == 0
    document = json.loads((tmp_path / "made" / "audit.json").read_text())
    assert document["dataset"]["hierarchy"] == {
        "groups": ["pets", "wild"],
        "parents": [4, 3, 3, -1, -1],
    }
    (file,) = [f for f in document["provenance"]["inputs"] if f["role"] == "hierarchy"]
    assert file["path"] == "classes.yaml"
    assert file["fingerprint"].startswith("sha256:")
    assert document["measurements"]["hierarchy_severity"]["status"] == "measured"
    made = load_audit(tmp_path / "made")
    assert made.dataset.hierarchy.groups == ("pets", "wild")
    assert {"tree_suggested_label", "tree_distance"} <= set(made.findings.further)
    assert "in the tree" in cli("show", "made", made.findings[0].id).out
    again = cli("measure", "made")
    assert again.code == 0
    assert "Severity by hierarchy: " in again.out
    from_python = labelaudit.audit(tiny, hierarchy="classes.yaml")
    assert from_python.measurement("hierarchy_severity") == made.measurement("hierarchy_severity")


def test_three_commands_in_turn_write_the_same_bytes(cli, tiny, tmp_path):
    tree = tmp_path / "elsewhere.json"
    tree.write_text('{"pets": ["cat", "dog"], "wild": ["bird"]}')
    assert cli("audit", tiny, "--hierarchy", tree.name, "-o", "one").code == 0
    assert cli("ingest", tiny, "--hierarchy", tree.name, "-o", "two").code == 0
    assert cli("detect", "two").code == 0
    assert cli("measure", "two").code == 0
    one, two = (json.loads((tmp_path / name / "audit.json").read_text()) for name in ("one", "two"))
    for document in (one, two):
        document["provenance"].pop("settings")
    assert one == two
    names = ("one", "two")
    found = [(tmp_path / name / "findings.parquet").read_bytes() for name in names]
    assert found[0] == found[1]


def test_a_tree_that_changed_is_noticed(cli, tiny):
    (tiny / "classes.yaml").write_text(TREE)
    assert cli("audit", tiny, "--hierarchy", "classes.yaml", "-o", "made").code == 0
    (tiny / "classes.yaml").write_text("pets: [cat]\nwild: [bird, dog]\n")
    done = cli("measure", "made")
    assert done.code == 2
    assert "the hierarchy has changed since it was ingested" in done.complaint


def test_an_audit_of_before_there_were_trees_still_loads(cli, tiny, tmp_path):
    assert cli("audit", tiny, "-o", "made").code == 0
    path = tmp_path / "made" / "audit.json"
    document = json.loads(path.read_text())
    assert document["dataset"].pop("hierarchy") is None
    path.write_text(json.dumps(document))
    text = path.read_text().replace('{"tool"', '{\n"tool"', 1)
    path.write_text(text)
    assert load_audit(tmp_path / "made").dataset.hierarchy is None


@pytest.mark.parametrize("tree", [{"groups": ["a"], "parents": [0]}, {"parents": "x"}, [1], 7])
def test_a_damaged_tree_in_an_audit_is_one_line(cli, tiny, tmp_path, tree):
    assert cli("audit", tiny, "-o", "made").code == 0
    path = tmp_path / "made" / "audit.json"
    document = json.loads(path.read_text())
    document["dataset"]["hierarchy"] = tree
    path.write_text(json.dumps(document))
    done = cli("report", "made")
    assert done.code == 2
    assert "audit.json" in done.complaint


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        (
            "pets: [cat, dog]\nwild: [brid]",
            "'brid' is no class of the dataset; did you mean 'bird'",
        ),
        ("pets: [cat, dog]", "lacks the class bird"),
        ("pets: [cat, dog]\nwild: [bird, cat]", "the class 'cat' stands twice"),
        ("a: *x", "line 1: aliases (*x) are not read"),
    ],
)
def test_a_wrong_tree_is_refused_in_one_line(cli, tiny, tmp_path, tree, said):
    (tiny / "classes.yaml").write_text(tree)
    done = cli("audit", tiny, "--hierarchy", "classes.yaml", "-o", "made")
    assert done.code == 2
    assert said in done.complaint
    assert not (tmp_path / "made" / "audit.json").exists()


def test_a_name_of_no_file_is_told_what_is_near(cli, tiny):
    (tiny / "classes.yaml").write_text(TREE)
    done = cli("audit", tiny, "--hierarchy", "clases.yaml")
    assert done.code == 2
    assert "did you mean 'classes.yaml'" in done.complaint


def test_the_engine_of_processes_says_the_same(cli, tiny, tmp_path):
    (tiny / "classes.yaml").write_text(TREE)
    common = ("audit", tiny, "--hierarchy", "classes.yaml")
    assert cli(*common, "-o", "one").code == 0
    assert cli(*common, "-o", "two", "--engine", "processes", "--workers", "2").code == 0
    pages = [(tmp_path / name / "audit.json").read_bytes() for name in ("one", "two")]
    assert pages[0] == pages[1]


def test_the_tree_may_be_a_url(cli, tiny, tmp_path, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "classes.yml").write_text(TREE)

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Handler, directory=str(tmp_path / "site"))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/classes.yml"
        done = cli("audit", tiny, "--hierarchy", url, "-o", "made")
        assert done.code == 0, done.err
        assert load_audit(tmp_path / "made").inputs[-1].path == url
        assert cli("measure", "made").code == 0
    finally:
        server.shutdown()
        server.server_close()


def test_class_numbers_need_no_quotes(tmp_path, cli):
    folder = tmp_path / "data"
    folder.mkdir()
    np.save(folder / "labels.npy", np.array([0, 1, 2, 0, 1, 2]))
    np.save(folder / "pred_probs.npy", np.eye(3)[[0, 1, 2, 0, 2, 2]] * 0.7 + 0.1)
    (folder / "tree.yml").write_text("low: [0, 1]\nhigh:\n  2:\n")
    assert cli("audit", folder, "--hierarchy", "tree.yml", "--allow", "row_order").code in (0, 2)
    assert cli("ingest", folder, "--hierarchy", "tree.yml", "-o", "ingested").code == 0
