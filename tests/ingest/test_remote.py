"""Datasets and predictions at URLs: as those on this machine, or one line that says why not.

The servers are real ones on this machine: http.server, and moto for S3.
"""

import json
import os
import socket
import threading
import time
import tracemalloc
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import Request

import numpy as np
import pytest

import labelaudit
from labelaudit.cli import run
from labelaudit.core.errors import InputError
from labelaudit.core.place import Url, is_url, place, shown
from labelaudit.ingest import fingerprint
from labelaudit.ingest.convention import Choices
from labelaudit.ingest.remote import fetching, web
from labelaudit.ingest.remote.fetching import fetched
from labelaudit.ingest.remote.listing import is_safe

TABLE = b"id,label,prob_cat,prob_dog\n" + b"".join(
    b"r%d,%s,%s\n" % (i, b"dog" if i % 4 == 0 else b"cat", b"0.2,0.8" if i % 2 else b"0.9,0.1")
    for i in range(40)
)


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NO_COLOR", "1")


class Done:
    """What a command came to, and everything that it wrote."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def complaint(self):
        lines = self.err.splitlines()
        assert self.code == 2, self.err + self.out
        assert len(lines) == 1, self.err
        return lines[0].removeprefix("labelaudit: ")


@pytest.fixture
def cli(tmp_path, monkeypatch, capsys):
    """Run a command in an empty folder."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)

    def call(*words):
        capsys.readouterr()
        monkeypatch.setattr("sys.argv", ["labelaudit", *map(str, words)])
        code = run([str(word) for word in words])
        out, err = capsys.readouterr()
        return Done(int(code), out, err)

    return call


@pytest.fixture
def serve():
    """Start servers on this machine; each is given a handler and has a `url`."""
    servers = []

    def start(handler):
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        server.url = f"http://127.0.0.1:{server.server_address[1]}"
        server.asked = []
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


class Files(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        self.server.asked.append(self.path)


@pytest.fixture
def site(serve):
    """Serve a folder, with index pages."""
    return lambda folder: serve(partial(Files, directory=folder))


@pytest.fixture
def answers(serve):
    """Serve what functions of the handler answer, by path; all else is not found."""

    def start(routes):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.close_connection = True
                self.server.asked.append(self.path)
                self.server.headers = self.headers
                answer = routes.get(self.path.partition("?")[0])
                if answer is None:
                    self.send_error(404)
                elif isinstance(answer, bytes):
                    send(self, answer)
                else:
                    answer(self)

            def log_message(self, *_):
                pass

        return serve(Handler)

    return start


def send(handler, body, code=200, kind="text/csv", length=None, **headers):
    handler.send_response(code)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.send_header("Connection", "close")
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def page(*links, title="Index of /data/"):
    listed = "".join(f'<li><a href="{link}">{link}</a></li>' for link in links)
    body = f"<html><title>{title}</title><ul>{listed}</ul></html>".encode()
    return lambda handler: send(handler, body, kind="text/html; charset=utf-8")


def redirect(to, code=302):
    return lambda handler: send(handler, b"", code=code, Location=to)


@pytest.fixture
def tiny(tmp_path):
    """A dataset of several files, one of them in a folder, and things that are none."""
    folder = tmp_path / "tiny set"
    (folder / "images" / "a").mkdir(parents=True)
    labels = np.array(["cat", "dog"])[np.arange(60) % 2]
    probabilities = np.full((60, 2), 0.1)
    probabilities[np.arange(60), (np.arange(60) + (np.arange(60) % 9 == 0)) % 2] = 0.9
    rows = [f"r {i},{label}\n" for i, label in enumerate(labels)]
    (folder / "labels.csv").write_text("id,label\n" + "".join(rows))
    np.save(folder / "pred_probs.npy", probabilities)
    np.save(folder / "embeddings.npy", np.random.default_rng(0).normal(size=(60, 4)))
    (folder / "classes.txt").write_text("cat\ndog\n")
    (folder / "images" / "a" / "r 1.png").write_bytes(b"no image")
    (folder / "README.md").write_text("no data")
    (folder / ".hidden.csv").write_text("no data")
    return folder


def findings(folder):
    return Path(folder, "flagged.csv").read_bytes()


def texts_of(folder):
    """Return all that an audit folder holds, as text."""
    return "".join(
        path.read_bytes().decode("utf-8", "replace")
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    )


# As those on this machine


def test_a_folder_is_audited_as_if_it_lay_here(cli, site, tiny):
    server = site(tiny.parent)
    url = f"{server.url}/tiny%20set"
    assert cli("audit", tiny, "-o", "local").code == 0
    assert cli("audit", url).code == 0
    assert findings("tiny set-audit") == findings("local")
    local, remote = (
        json.loads(Path(folder, "audit.json").read_text()) for folder in ("local", "tiny set-audit")
    )
    assert remote["detection"] == local["detection"]
    assert remote["measurements"] == local["measurements"]
    assert [entry["fingerprint"] for entry in remote["provenance"]["inputs"]] == [
        entry["fingerprint"] for entry in local["provenance"]["inputs"]
    ]
    assert [entry["path"] for entry in remote["provenance"]["inputs"]] == [
        f"{url}/{name}"
        for name in ("labels.csv", "pred_probs.npy", "embeddings.npy", "classes.txt")
    ]
    assert "5 files" in remote["dataset"]["notices"][0]
    assert "README.md" in remote["dataset"]["notices"][0]
    assert not any("README" in asked or "hidden" in asked for asked in server.asked)
    for trace in ("fetched-", "partial", str(Path.cwd())):
        assert trace not in json.dumps(remote)


@pytest.mark.parametrize("which", ["labels", "predictions", "embeddings", "classes", "dataset"])
def test_each_part_may_be_a_url(which, cli, site, tiny):
    server = site(tiny)
    named = {
        "dataset": "labels.csv", "predictions": "pred_probs.npy", "embeddings": "embeddings.npy",
        "classes": "classes.txt",
    }  # fmt: skip
    places = {role: tiny / name for role, name in named.items()}
    if which == "labels":
        places["dataset"], places["labels"] = tiny, tiny / "labels.csv"
    places[which] = f"{server.url}/{named.get(which, 'labels.csv')}"

    def words(places):
        given = [(f"--{role}", path) for role, path in places.items() if role != "dataset"]
        return ["audit", places["dataset"], *(word for pair in given for word in pair)]

    assert cli("audit", tiny, "-o", "local").code == 0
    done = cli(*words(places), "-o", "remote")
    assert done.code == 0, done.err
    assert findings("remote") == findings("local")
    assert str(places[which]) in Path("remote/audit.json").read_text()


def test_several_predictions_some_here_and_some_there(site, tiny):
    server = site(tiny)
    paths = [f"{server.url}/pred_probs.npy", tiny / "other.npy"]
    np.save(tiny / "other.npy", np.load(tiny / "pred_probs.npy")[:, :] * 0.5 + 0.25)
    made = labelaudit.audit(tiny, predictions=paths, classes="cat,dog")
    local = labelaudit.audit(
        tiny, predictions=[tiny / "pred_probs.npy", paths[1]], classes="cat,dog"
    )
    assert [finding.row for finding in made.findings] == [finding.row for finding in local.findings]
    files = [file.path for file in made.inputs if file.role == "predictions"]
    assert files == [paths[0], "other.npy"]


@pytest.mark.parametrize("command", ["ingest", "detect", "measure", "report", "export"])
def test_every_command_takes_a_url(command, cli, answers):
    server = answers({"/train.csv": TABLE})
    done = cli(command, f"{server.url}/train.csv")
    assert done.code == 0, done.err
    assert Path("train-audit", "audit.json").is_file()


def test_show_takes_a_url_and_dry_run_writes_nothing(cli, answers):
    server = answers({"/train.csv": TABLE})
    done = cli("audit", f"{server.url}/train.csv", "--dry-run")
    assert done.code == 0
    assert "fetched: 1 file" in done.out
    assert list(Path().iterdir()) == []
    assert cli("show", f"{server.url}/train.csv", "r0").code == 0


def test_commands_go_on_with_what_was_ingested(cli, site, tiny):
    server = site(tiny)
    cli("audit", tiny, "-o", "local")
    assert cli("ingest", server.url, "-o", "made").code == 0
    assert cli("detect", "made", "--verify").code == 0
    assert cli("measure", "made").code == 0
    assert findings("made") == findings("local")
    (tiny / "labels.csv").write_text(
        (tiny / "labels.csv").read_text().replace("r 1,dog", "r 1,cat")
    )
    assert "the labels have changed" in cli("detect", "made").complaint


def test_the_python_api_takes_urls(site, tiny):
    server = site(tiny)
    made = labelaudit.audit(f"{server.url}/", allow=())
    local = labelaudit.audit(tiny)
    assert [finding.id for finding in made.findings] == [finding.id for finding in local.findings]
    opened = labelaudit.open_dataset(
        f"{server.url}/labels.csv", predictions=f"{server.url}/pred_probs.npy"
    )
    assert opened.name == "labels"
    assert len(opened) == 60
    assert labelaudit.open_dataset(tiny.as_uri()).name == "tiny set"


def test_what_is_fetched_for_an_audit_in_memory_is_gone_after_it(answers, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    server = answers({"/train.csv": TABLE})
    made = labelaudit.audit(f"{server.url}/train.csv")
    assert [finding.id for finding in made.findings]
    assert list(tmp_path.iterdir()) == []


def test_a_changed_file_is_read_again(cli, answers):
    routes = {"/train.csv": TABLE}
    server = answers(routes)
    first = cli("audit", f"{server.url}/train.csv")
    routes["/train.csv"] = TABLE.replace(b"r2,cat,0.9,0.1", b"r2,cat,0.1,0.9")  # as long as before
    second = cli("audit", f"{server.url}/train.csv")
    assert first.code == second.code == 0
    assert "reused" not in first.err + second.err
    assert first.out != second.out


def test_all_of_a_large_file_is_hashed_and_not_some_blocks(cli, answers, monkeypatch):
    monkeypatch.setattr(fingerprint, "FULL_HASH_BYTES", 10)
    server = answers({"/train.csv": TABLE})
    cli("audit", f"{server.url}/train.csv")
    (entry,) = json.loads(Path("train-audit/audit.json").read_text())["provenance"]["inputs"]
    assert entry["fingerprint"].startswith("sha256:")


def test_a_file_streams_to_disk(answers, tmp_path):
    def large(handler):
        send(handler, b"", length=64 << 20, kind="application/octet-stream")
        for _ in range(64):
            handler.wfile.write(bytes(1 << 20))

    server = answers({"/data.npy": large})
    steps = []
    tracemalloc.start()
    try:
        fetched(f"{server.url}/data.npy", Choices(), tmp_path, lambda *step: steps.append(step))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12 << 20
    assert steps[-1] == ("fetching", 64 << 20, 64 << 20)


def test_without_a_url_the_network_is_not_touched(cli, tiny, monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert cli("audit", tiny).code == 0


# Names and secrets


SECRETS = ("SECRETUSER", "SECRETWORD", "SECRETSIGN", "SECRETPART")


@pytest.mark.parametrize("fault", ["none", "refused", "damaged", "missing", "gone"])
def test_secrets_of_a_url_are_used_and_never_shown(fault, cli, answers):
    bodies = {"refused": TABLE.replace(b"0.9", b"7.9"), "damaged": b"id,label\n1,2,3\n"}
    server = answers({} if fault == "missing" else {"/train.csv": bodies.get(fault, TABLE)})
    where = server.url.replace("//", "//SECRETUSER:SECRETWORD@")
    url = f"{where}/train.csv?sign=SECRETSIGN#SECRETPART"
    if fault == "gone":
        server.shutdown()
        server.server_close()
    done = cli("audit", url, f"--predictions={url}" if fault == "damaged" else "-v")
    assert done.code == (0 if fault == "none" else 2)
    if fault in ("none", "refused", "damaged"):
        assert "?sign=SECRETSIGN" in server.asked[0]
        assert server.headers["Authorization"].startswith("Basic ")
    everything = done.out + done.err + texts_of(".")
    for secret in SECRETS:
        assert secret not in everything
    assert f"{server.url}/train.csv" in everything


def test_what_cannot_be_fetched_again_without_its_secrets_is_said(cli, answers):
    server = answers({"/train.csv": TABLE})
    assert cli("ingest", f"{server.url}/train.csv?key=1").code == 0
    assert "with the whole URL" in cli("detect", "train-audit").complaint


def test_messages_on_the_content_name_the_url(cli, answers):
    server = answers({"/t.csv": b"id,label\nr1,cat\nr2,dog,too many\n"})
    complaint = cli("audit", f"{server.url}/t.csv").complaint
    assert complaint.startswith(f"{server.url}/t.csv")
    assert "line 3" in complaint
    refused = Path("t-audit/refused.json").read_text()
    assert f"{server.url}/t.csv" in refused
    assert "fetched-" not in refused


@pytest.mark.parametrize(
    ("whole", "called", "last", "default"),
    [
        ("https://h.org/a/train.csv", "https://h.org/a/train.csv", "train.csv", "train"),
        ("https://u:p@h.org:8/a%20b.csv?x=/y#z", "https://h.org:8/a%20b.csv", "a b.csv", "a b"),
        ("HTTPS://h.org/v1.2/", "https://h.org/v1.2/", "v1.2", "v1.2"),
        ("s3://bucket/folder", "s3://bucket/folder", "folder", "folder"),
        ("s3://bucket", "s3://bucket", "bucket", "bucket"),
        ("s3://bucket/a%20b#1", "s3://bucket/a%20b#1", "a%20b#1", "a%20b#1"),
        ("http://h.org/..%2f..%2fup", "http://h.org/..%2f..%2fup", "up", "up"),
        ("http://h.org/x/..", "http://h.org/x/..", "..", "dataset"),
        ("http://[::1]:80/x", "http://[::1]:80/x", "x", "x"),
    ],
)  # fmt: skip
def test_urls(whole, called, last, default):
    url = place(whole)
    assert isinstance(url, Url)
    assert (str(url), url.last, fetching.name_of(url)) == (called, last, default)
    assert "p@" not in repr(url)
    assert shown(f"--predictions={whole}") == f"--predictions={called}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gs://bucket/x", "storage.googleapis.com"),
        ("hf://datasets/a/b", "resolve/main"),
        ("ftp://host/x.csv", "no kind of URL"),
        ("https://", "no URL that can be read"),
        ("https://host:word/x", "no URL that can be read"),
        ("http://host/a\nb", "no URL that can be read"),
        ("s3://KEY:SECRET@bucket/x", "holds no keys"),
        ("s3://bucket/x?versionId=SECRET", "no query"),
        ("file://host/x", "another machine"),
    ],
)
def test_what_is_no_url_that_can_be_read(text, said, cli):
    complaint = cli("audit", text).complaint
    assert said in complaint
    assert "SECRET" not in complaint
    assert "word" not in complaint


@pytest.mark.parametrize("text", ["train.csv", "a:b", "C:\\x", "C:/x", "/x//y", "x/s3://b", "://x"])
def test_a_path_is_no_url(text):
    assert not is_url(text)
    assert place(text) == Path(text)


def test_a_path_cannot_hold_a_url():
    with pytest.raises(InputError, match="give the URL as a string"):
        labelaudit.open_dataset(Path("s3://bucket/folder"))


def test_a_file_url_is_a_path(tiny, cli):
    assert place(tiny.as_uri()) == tiny
    assert cli("audit", tiny.as_uri()).code == 0
    assert Path("tiny set-audit").is_dir()


# Faults


def cut_short(handler):
    send(handler, TABLE[:100], length=len(TABLE))


def broken_off(handler):
    """A chunk that says more than it holds."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"fff\r\n" + TABLE[:100])
    handler.wfile.flush()


def reset(handler):
    """A connection that ends without a word."""
    handler.connection.shutdown(socket.SHUT_RDWR)


def silent(handler):
    time.sleep(1.5)


def silent_midway(handler):
    send(handler, TABLE[:100], length=len(TABLE))
    handler.wfile.flush()
    time.sleep(1.5)


FAULTS = {
    "404": (lambda handler: handler.send_error(404), "no such file there (HTTP 404)"),
    "401": (lambda handler: handler.send_error(401), "no permission (HTTP 401)"),
    "403": (lambda handler: handler.send_error(403), "no permission (HTTP 403)"),
    "418": (lambda handler: handler.send_error(418), "the server refuses (HTTP 418)"),
    "429": (lambda handler: handler.send_error(429), "the server fails (HTTP 429)"),
    "500": (lambda handler: handler.send_error(500), "the server fails (HTTP 500)"),
    "cut short": (cut_short, f"100 of {len(TABLE):,} bytes"),
    "broken off": (broken_off, "the connection broke off"),
    "reset": (reset, "the connection broke off"),
    "silent": (silent, "sent nothing for"),
    "silent midway": (silent_midway, "sent nothing for"),
    "in a circle": (redirect("/train.csv"), "redirects in a circle"),
    "to nowhere": (lambda handler: send(handler, b"", code=302), "redirects in a circle"),
    "to a file": (redirect("file:///etc/passwd"), "to no web address"),
    "to another protocol": (redirect("ftp://127.0.0.1/train.csv"), "not safe to follow"),
    "a web page": (page(title="Log in"), "a web page and not this file"),
    "packed": (
        lambda handler: send(handler, TABLE, **{"Content-Encoding": "br"}),
        "a coding that was not asked for",
    ),
    "too large": (
        lambda handler: send(handler, b"", length=9 * 10**17),
        "is 900,000.0 TB, and",
    ),
    "no length": (
        lambda handler: send(handler, b"id,label\nr1,cat,2\n", length="many"),
        "line 2",
    ),
    "nothing": (lambda handler: send(handler, b""), "is empty"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_server_is_said_in_one_line_and_leaves_nothing(fault, cli, answers, monkeypatch):
    monkeypatch.setattr(web, "TIMEOUT_S", 0.3)
    answer, said = FAULTS[fault]
    server = answers({"/train.csv": answer})
    complaint = cli("audit", f"{server.url}/train.csv").complaint
    assert complaint.startswith(f"{server.url}/train.csv")
    assert said in complaint
    assert {path.name for path in Path().iterdir()} <= {"train-audit"}
    assert not Path("train-audit", "audit.json").exists()


def test_a_fault_in_predictions_leaves_the_audit_before_it(cli, answers, tiny):
    server = answers({"/p.npy": cut_short})
    assert cli("audit", tiny, "-o", "made").code == 0
    before = texts_of("made")
    complaint = cli("audit", tiny, "--predictions", f"{server.url}/p.npy", "-o", "made").complaint
    assert complaint.startswith(f"{server.url}/p.npy: cut short")
    assert texts_of("made") == before


def test_one_file_of_many_that_fails_ends_it(cli, answers):
    links = [f"part-{number:03d}.csv" for number in range(40)]
    routes = {f"/data/{link}": TABLE for link in links}
    server = answers({**routes, "/data/": page(*links), "/data/part-007.csv": cut_short})
    complaint = cli("audit", f"{server.url}/data/").complaint
    assert complaint.startswith(f"{server.url}/data/part-007.csv: cut short")
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("host", "said"),
    [("nowhere.invalid", "no such host"), ("127.0.0.1:9", "no server answers")],
)
def test_no_server(host, said, cli):
    assert said in cli("audit", f"http://{host}/train.csv").complaint


def test_a_redirect_is_followed_but_the_password_stays(cli, answers):
    other = answers({"/there.csv": TABLE})
    server = answers({"/train.csv": redirect(f"{other.url}/there.csv", 307)})
    assert cli("audit", server.url.replace("//", "//u:p@") + "/train.csv").code == 0
    assert server.headers["Authorization"] is not None
    assert other.headers["Authorization"] is None


def test_no_redirect_leads_from_https_to_http():
    class Closed:
        def close(self):
            pass

    asked = Request("https://host/train.csv?sign=SECRET")
    with pytest.raises(InputError, match=r"https://host/train\.csv: redirects to where") as caught:
        web._Redirects().redirect_request(asked, Closed(), 302, "", {}, "http://host/train.csv")
    assert "SECRET" not in str(caught.value)
    follow = web._Redirects().redirect_request
    assert follow(asked, Closed(), 302, "", {}, "https://other/x").full_url == "https://other/x"


# Index pages


HOSTILE = (
    "../evil.csv", "../../evil.csv", "/evil.csv", "..%2fevil.csv", "%2e%2e/evil.csv",
    "..%5cevil.csv", "sub/../../evil.csv", "a/b/evil.csv", "http://127.0.0.1:9/data/evil.csv",
    "//127.0.0.1:9/data/evil.csv", "file:///data/evil.csv", "javascript:evil.csv", "evil.csv?a=b",
    "%00evil.csv", "evil%0a.csv", ".evil.csv", "./", "../", "%2e/", "..%2f/", "", "#evil.csv",
    "x" * 300 + ".csv", "http://[evil.csv", "evil.exe", "%2e%2e%2f%2e%2e%2fevil.csv",
)  # fmt: skip


def test_an_index_page_leads_nowhere_but_below_itself(cli, answers, tmp_path):
    routes = {"/data/": page(*HOSTILE, "train.csv", "/data/classes.txt", "train.csv")}
    routes |= {"/data/train.csv": TABLE, "/data/classes.txt": b"cat\ndog\n", "/evil.csv": TABLE}
    server = answers(routes)
    done = cli("audit", f"{server.url}/data", "--label-column", "label")
    assert done.code == 0, done.err
    assert sorted(set(server.asked)) == ["/data/", "/data/classes.txt", "/data/train.csv"]
    assert not list(tmp_path.rglob("*evil*"))
    notice = json.loads(Path("data-audit/audit.json").read_text())["dataset"]["notices"][0]
    assert notice.startswith("fetched: 2 files")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a.csv", True), ("a b/c.csv", True), ("..a", True), ("é.csv", True), ("", False),
        ("..", False), ("a/../b", False), ("/a", False), ("a//b", False), ("a/", False),
        ("a\\b", False), ("a\0", False), ("a\nb", False), ("é" * 128, False), (".", False),
    ],
)  # fmt: skip
def test_safe_names(name, safe):
    assert is_safe(name) is safe


def test_a_url_that_ends_in_dots_is_kept_in_its_own_folder(answers, tmp_path):
    server = answers({"/d/%2e%2e/": page("train.csv"), "/d/%2e%2e/train.csv": TABLE})
    here = fetched(f"{server.url}/d/%2e%2e/", Choices(), tmp_path)
    assert here.dataset == tmp_path / "fetched-0" / "dataset"
    assert [path.name for path in tmp_path.iterdir()] == ["fetched-0"]
    assert [path.name for path in here.dataset.iterdir()] == ["train.csv"]


def test_index_pages_are_followed_down(cli, answers):
    routes = {"/d/": page("train/", "test/", "?C=N"), "/d/train/": page("cat/", "dog/")}
    routes |= {"/d/test/": page("cat/")}
    for folder in ("train/cat", "train/dog", "test/cat"):
        routes[f"/d/{folder}/"] = page("1.png", "2.png", "notes.md")
        routes |= {f"/d/{folder}/{n}.png": b"%d" % n for n in (1, 2)}
    server = answers(routes)
    opened = labelaudit.open_dataset(f"{server.url}/d/", split="train,test")
    assert len(opened) == 6
    assert opened.class_names == ("cat", "dog")
    assert opened.ids[0] == "train/cat/1.png"


def test_endless_index_pages_end(cli, answers, monkeypatch):
    monkeypatch.setattr(web, "MOST_PAGES", 20)
    server = answers({f"/d{'/x' * depth}/": page("x/") for depth in range(50)})
    assert "more than 20 folders" in cli("audit", f"{server.url}/d/").complaint
    assert len(server.asked) <= 20


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (page("train.csv", title="Welcome"), "the server does not list a folder here"),
        (page(), "holds no file that can be read"),
        (page("a.exe"), "a.exe"),
        (lambda handler: send(handler, b"x", kind="text/plain"), "is no index page"),
        (redirect("http://localhost:9/data/"), "no server answers"),
        (lambda handler: handler.send_error(403), "no permission"),
        (
            lambda handler: send(handler, b"x", length=1 << 25, kind="text/html"),
            "the server does not list a folder",
        ),
    ],
)
def test_what_is_no_folder(answer, said, cli, answers):
    server = answers({"/data/": answer})
    complaint = cli("audit", f"{server.url}/data/").complaint
    assert complaint.startswith(f"{server.url}/data")
    assert said in complaint


def test_a_page_at_the_root_is_not_taken_for_a_folder(cli, answers):
    server = answers({"/": page("train.csv", title="Welcome"), "/train.csv": TABLE})
    assert "does not list a folder" in cli("audit", server.url).complaint


def test_an_index_page_on_another_server_is_not_followed(cli, answers):
    other = answers({"/data/": page("train.csv"), "/data/train.csv": TABLE})
    server = answers({"/data/": redirect(f"{other.url}/data/")})
    assert "redirects to another server" in cli("audit", f"{server.url}/data/").complaint


def test_an_audit_at_a_url_is_no_dataset(cli, site, tiny):
    cli("audit", tiny, "-o", "made")
    server = site(Path("made").absolute())
    assert "is an audit, not a dataset" in cli("report", server.url).complaint


# S3


@pytest.fixture(scope="module")
def s3_server():
    pytest.importorskip("moto", reason="moto[s3] is not installed: pip install 'labelaudit[test]'")
    pytest.importorskip("flask_cors", reason="flask-cors is not installed")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server, monkeypatch, tmp_path):
    """An empty bucket; returns what puts an object into it."""
    for name, value in {
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }.items():
        monkeypatch.setenv(name, value)
    import boto3

    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="data-sets")
    yield lambda key, body: client.put_object(Bucket="data-sets", Key=key, Body=body)
    found = client.list_objects_v2(Bucket="data-sets").get("Contents", [])
    for entry in found:
        client.delete_object(Bucket="data-sets", Key=entry["Key"])
    client.delete_bucket(Bucket="data-sets")
    client.close()


def put_folder(put, folder, prefix):
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            put(f"{prefix}/{path.relative_to(folder).as_posix()}", path.read_bytes())


def test_a_folder_in_s3_is_audited_as_if_it_lay_here(cli, bucket, tiny):
    put_folder(bucket, tiny, "some/tiny set")
    assert cli("audit", tiny, "-o", "local").code == 0
    done = cli("audit", "s3://data-sets/some/tiny set")
    assert done.code == 0, done.err
    assert findings("tiny set-audit") == findings("local")
    made = json.loads(Path("tiny set-audit/audit.json").read_text())
    assert made["provenance"]["inputs"][0]["path"] == "s3://data-sets/some/tiny set/labels.csv"
    assert "README.md" in made["dataset"]["notices"][0]
    assert json.loads(Path("tiny set-audit/source.json").read_text())["dataset"] == (
        "s3://data-sets/some/tiny set"
    )


def test_files_in_s3(cli, bucket, tiny):
    put_folder(bucket, tiny, "d")
    cli("audit", tiny, "-o", "local")
    words = ["--predictions", "s3://data-sets/d/pred_probs.npy"]
    words += ["--embeddings", "s3://data-sets/d/embeddings.npy"]
    assert cli("ingest", "s3://data-sets/d/labels.csv", *words, "-o", "made").code == 0
    assert cli("detect", "made").code == 0
    assert findings("made") == findings("local")
    assert cli("audit", tiny, *words, "-o", "mixed").code == 0
    assert findings("mixed") == findings("local")


def test_the_whole_bucket_and_names_that_no_file_here_can_have(cli, bucket, tmp_path):
    bucket("train.csv", TABLE)
    for key in (
        "../evil.csv",
        "a/../../evil.csv",
        "a//evil.csv",
        "a/",
        "a\\evil.csv",
        ".x/evil.csv",
    ):
        bucket(key, b"x")
    opened = labelaudit.open_dataset("s3://data-sets/")
    assert (opened.name, len(opened)) == ("data-sets", 40)
    assert "fetched: 1 file" in opened.notices[0]
    assert not list(tmp_path.rglob("*evil*"))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://data-sets/no.csv", "no such bucket, folder or file"),
        ("s3://no-such-bucket/train.csv", "no such bucket, folder or file"),
        ("s3://data-sets", "holds no file that can be read"),
    ],
)
def test_what_is_not_in_s3(url, said, cli, bucket):
    bucket("notes.md", b"x")
    complaint = cli("audit", url).complaint
    assert complaint.startswith(url)
    assert said in complaint
    assert list(Path().iterdir()) == []


def test_no_permission_in_s3(cli, bucket, monkeypatch):
    bucket("train.csv", TABLE)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "no permission" in cli("audit", "s3://data-sets/train.csv").complaint


def test_s3_that_does_not_answer(cli, bucket, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert "S3 cannot be reached" in cli("audit", "s3://data-sets/train.csv").complaint


def test_an_object_that_changes_while_it_is_fetched(bucket, tmp_path):
    from labelaudit.ingest.remote import s3

    bucket("train.csv", TABLE)
    (file,) = s3.find(Url("s3://data-sets/train.csv"), ()).files
    assert file.size == len(TABLE)

    def fetch():
        with file.opened() as (_, blocks):
            next(blocks)
            bucket("train.csv", TABLE.replace(b"dog", b"cow"))

    with pytest.raises(InputError, match="was changed while it was fetched"):
        fetch()


def test_a_pyarrow_without_s3_is_said(cli, monkeypatch):
    import pyarrow.fs

    monkeypatch.delattr(pyarrow.fs, "S3FileSystem")
    complaint = cli("audit", "s3://data-sets/train.csv").complaint
    assert "`pip install --force-reinstall pyarrow`" in complaint
