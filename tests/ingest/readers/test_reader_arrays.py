import io
import pickle
import zipfile
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from labelaudit.core.errors import InputError
from labelaudit.ingest.readers import arrays, is_array, open_arrays

VALUES = np.arange(12, dtype=np.float16).reshape(4, 3)


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        open_arrays(path)
    assert str(caught.value).isprintable()
    return str(caught.value).removeprefix(str(path))


def saved(array: np.ndarray) -> bytes:
    with io.BytesIO() as stream:
        np.save(stream, array, allow_pickle=True)
        return stream.getvalue()


@pytest.mark.parametrize(
    "array",
    [VALUES, np.asfortranarray(VALUES), np.array(["a", "bé"]), np.empty((0, 3)), np.array(3)],
)
def test_an_npy_is_mapped_read_only(tmp_path: Path, array: np.ndarray) -> None:
    path = tmp_path / "a.NPY"
    path.write_bytes(saved(array))
    assert is_array(path)
    read = open_arrays(path)
    assert list(read) == [""]
    assert isinstance(read[""], np.memmap)
    assert not read[""].flags.writeable
    assert read[""].dtype == array.dtype
    np.testing.assert_array_equal(read[""], array)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_npz_is_read_by_key(tmp_path: Path, save: object) -> None:
    path = tmp_path / "a.npz"
    assert callable(save)
    save(path, pred_probs=VALUES, ids=np.array(["a", "b"]))
    read = open_arrays(path)
    assert list(read) == ["pred_probs", "ids"]
    np.testing.assert_array_equal(read["pred_probs"], VALUES)
    assert not any(array.flags.writeable for array in read.values())


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_large_array_of_an_npz_is_unpacked_and_mapped(tmp_path: Path, save: object) -> None:
    path = tmp_path / "a.npz"
    assert callable(save)
    save(path, pred_probs=VALUES, ids=np.array(["a"]))
    with mock.patch.object(arrays, "_LARGE_BYTES", 4 + len(saved(np.array(["a"])))):
        read = open_arrays(path, tmp_path)
        assert list(read) == ["pred_probs", "ids"]
        assert isinstance(read["pred_probs"], np.memmap)
        assert not isinstance(read["ids"], np.memmap)
        np.testing.assert_array_equal(read["pred_probs"], VALUES)
        assert not any(array.flags.writeable for array in read.values())
        assert len(list(tmp_path.glob("*.npy"))) == 1
        assert not isinstance(open_arrays(path)["pred_probs"], np.memmap)
        with pytest.raises(InputError, match="none: cannot hold the numbers of"):
            open_arrays(path, tmp_path / "none")
    content = bytearray(path.read_bytes())
    content[150] ^= 255  # the first array
    path.write_bytes(content)
    with (
        mock.patch.object(arrays, "_LARGE_BYTES", 1),
        pytest.raises(InputError, match=r"not a readable npz|cut short or damaged"),
    ):
        open_arrays(path, tmp_path)
    assert len(list(tmp_path.glob("*.npy"))) == 1


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return pytest.fail, ("a pickle was loaded",)


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(saved(np.array([Bomb()], dtype=object)))
    said = " holds Python objects (a pickle), which is never loaded; save it with a plain dtype"
    assert refused(path).startswith(said)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.write(path, "labels.npy")
    assert refused(tmp_path / "a.npz").startswith(said)
    path.write_bytes(pickle.dumps(Bomb()))
    assert refused(path).startswith(" is not a readable npy file")


def test_what_is_no_plain_array_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(saved(np.zeros(2, dtype=[("a", "i4"), ("b", "f4")])))
    assert refused(path).startswith(" holds records (dtype [('a', '<i4'), ('b', '<f4')]);")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("data.pkl", b"x")
    assert refused(tmp_path / "a.npz").startswith(" holds 'data.pkl', which is no array")


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_a_damaged_file_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert refused(path) == " does not exist; check the path"
    path.mkdir()
    assert refused(path) == " is a folder; give a file"
    path.rmdir()
    path.write_bytes(b"")
    assert refused(path) == " is empty (0 bytes); write it again"
    path.write_bytes(b"garbage" * 99)
    assert refused(path).startswith(f" is not a readable {name[2:]} file (")
    np.savez(path, VALUES) if name == "a.npz" else np.save(path, VALUES)
    content = path.read_bytes()
    for cut in (3, 20, len(content) - 1):
        path.write_bytes(content[:cut])
        assert refused(path).startswith(f" is not a readable {name[2:]} file")


def test_a_file_of_no_arrays_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "a.txt") == " is no file of arrays; give one of .npy, .npz"


def test_an_archive_bomb_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    zeros = bytes(1 << 24)
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("a.npy", "w", force_zip64=True) as member,
    ):
        for _ in range(61):
            member.write(zeros)
    assert "would unpack from" in refused(path)


@pytest.mark.parametrize("array", [VALUES, np.asfortranarray(VALUES), np.array(["a", "bé"])])
def test_bytes_behind_an_array_are_noticed(tmp_path: Path, array: np.ndarray) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(saved(array) + b"\0" * 24)
    assert "it has 24 bytes more than the" in refused(path)
