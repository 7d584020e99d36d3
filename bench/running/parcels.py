"""Records on their way between machines: whole folders as bytes, checked where they arrive."""

from pathlib import Path

from bench.records import RECORD_FILE, read_record
from bench.whole_files import write_whole

#: File name -> content; nothing but plain values, for who passes it on may not know this project.
Parcel = dict[str, bytes]


def pack(folder: Path, key: str) -> Parcel | None:
    """Return the record of ``key`` with its artefacts; None where there is none to trust."""
    record, _ = read_record(folder, key)
    if record is None:
        return None
    return {name: (folder / key / name).read_bytes() for name in (*record["files"], RECORD_FILE)}


def unpack(parcel: Parcel, folder: Path, key: str) -> str:
    """File the record of ``key`` in ``folder``, itself last, as whoever makes one does.

    Returns:
        why it cannot be trusted, for one because a digest in it is not that of what came; ""
        where it can.

    Raises:
        OSError: the folder cannot be written.
    """
    place = folder / key
    place.mkdir(parents=True, exist_ok=True)
    for name in sorted(parcel, key=RECORD_FILE.__eq__):
        write_whole(place / Path(name).name, parcel[name])
    _, reason = read_record(folder, key)
    return reason
