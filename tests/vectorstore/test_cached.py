import json
import os
from hashlib import sha256

from vectorstore.cached import file_sha256, read_json, write_atomically, write_json


def test_a_hash_is_remembered_until_size_or_time_change(tmp_path):
    file = tmp_path / "weights"
    file.write_bytes(b"one")
    os.utime(file, (1, 1))
    assert file_sha256(file, tmp_path) == sha256(b"one").hexdigest()

    (memory,) = tmp_path.glob("*.json")
    [size, time, _] = json.loads(memory.read_text())[str(file)]
    write_json(memory, {str(file): [size, time, "remembered"]})
    assert file_sha256(file, tmp_path) == "remembered"

    file.write_bytes(b"two")
    assert file_sha256(file, tmp_path) == sha256(b"two").hexdigest()


def test_a_damaged_memory_is_forgotten(tmp_path):
    for content in (b"", b"{", b"[1]", b"\xff"):
        (tmp_path / "memory.json").write_bytes(content)
        assert read_json(tmp_path / "memory.json") == {}


def test_writing_leaves_the_new_content_and_nothing_else(tmp_path):
    target = tmp_path / "folder" / "file"
    for content in (b"old", b"new"):
        write_atomically(target, content)
    assert [path.read_bytes() for path in target.parent.iterdir()] == [b"new"]


def test_a_place_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    write_atomically(tmp_path / "file" / "below", b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
