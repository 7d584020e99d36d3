import errno
import resource

import pytest

from bench.whole_files import write_whole


def test_it_takes_the_place_of_what_is_there(tmp_path):
    path = tmp_path / "record.json"
    for content in (b"old", b"new"):
        write_whole(path, content)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_leaves_the_old_file_and_nothing_else(tmp_path):
    """The system's own limit on the size of files stands in for a full disk."""
    path = tmp_path / "record.json"
    write_whole(path, b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"record\.json") as caught:
            write_whole(path, b"new" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.errno == errno.EFBIG
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"record\.json"):
        write_whole(tmp_path / "absent" / "record.json", b"")
