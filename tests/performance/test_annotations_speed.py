"""Opening annotations of the size of COCO's train2017, of which most is masks that nobody reads."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from models.skeleton import COCO17

IMAGES, PEOPLE = 120_000, 262_000
# What opening it may take: seconds, and gigabytes at the highest, torch's own among them.
LONGEST, LARGEST = 30.0, 3.0

OPENING = """
import resource, sys, time
from pathlib import Path
from bench.data.coco import dataset as coco
start = time.perf_counter()
images = coco.open_split(Path(sys.argv[1]), "train")
print(len(images), len(images.boxes), time.perf_counter() - start)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data set of COCO 2017's layout and size whose image files are empty."""
    folder = tmp_path_factory.mktemp("coco")
    (folder / "train2017").mkdir()
    joints = {"keypoints": list(COCO17.joints), "id": 1, "name": "person"}
    masks = json.dumps([[number + 0.25 for number in range(56)]])
    with (folder / "person_keypoints_train2017.json").open("w") as file:
        file.write(f'{{"categories": [{json.dumps(joints)}], "images": [')
        for number in range(IMAGES):
            name = f"{number:012d}.jpg"
            (folder / "train2017" / name).touch()
            url = f"http://images.example.org/train2017/{name}"
            entry = {"id": number, "file_name": name, "height": 480, "width": 640, "url": url}
            file.write(("," if number else "") + json.dumps(entry))
        file.write('], "annotations": [')
        for number in range(PEOPLE):
            known = [number % 640, number * 7 % 480, 2] * 17 if number % 7 < 4 else [0] * 51
            person = {"id": number, "image_id": number * 31 % IMAGES, "category_id": 1}
            person |= {"iscrowd": 0, "keypoints": known, "num_keypoints": sum(known[2::3]) // 2}
            person |= {"bbox": [1.5, 2.5, 100.25, 200.75], "area": 9876.5}
            text = json.dumps(person)[:-1]
            file.write(("," if number else "") + text + f', "segmentation": {masks}}}')
        file.write("]}")
    yield folder
    shutil.rmtree(folder)  # a quarter of a gigabyte, and 120,000 files


def test_cocos_annotations_open_in_seconds_and_bounded_memory(
    benchmark: BenchmarkFixture, root: Path
) -> None:
    command = [sys.executable, "-c", OPENING, str(root)]
    place = Path(__file__).parents[2]

    def opened() -> str:
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=True)
        return done.stdout

    said, memory = benchmark.pedantic(opened, rounds=1).splitlines()
    images, people, seconds = said.split()
    # Linux counts kilobytes, macOS bytes.
    gigabytes = int(memory) / (1e9 if sys.platform == "darwin" else 1e6)
    benchmark.extra_info["gigabytes"] = gigabytes
    assert (int(images), int(people)) == (IMAGES, PEOPLE)
    assert float(seconds) < LONGEST
    assert gigabytes < LARGEST
