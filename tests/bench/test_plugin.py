import pytest

from bench.data.cache import file_digest
from bench.plugin import load_plugin
from bench.problem import Problem
from models import create_block, list_blocks, registry

GOOD = """
from torch import nn

from models import register_block


@register_block
def {name}(in_channels, out_channels):
    return nn.Conv2d(in_channels, out_channels, 3, padding=1)
"""


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    monkeypatch.setattr(registry._blocks, "_factories", dict(registry._blocks._factories))


def test_a_plugin_s_block_is_one_like_any_other(tmp_path):
    path = tmp_path / "my_block.py"
    path.write_text(GOOD.format(name="mine"))
    plugin = load_plugin(path)
    assert plugin.blocks == ("mine",)
    assert plugin.digest == file_digest(path)
    assert list_blocks()[-1] == "mine"
    assert create_block("mine", 4, 8).out_channels == 8


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1 / 0", "raised ZeroDivisionError: division by zero"),
        ("def f(:", "raised SyntaxError"),
        ("import nowhere_to_be_found", "raised ModuleNotFoundError"),
        ("raise SystemExit(3)", "raised SystemExit: 3"),
        ("", "registers no block"),
        (GOOD.format(name="ioi"), "a block named 'ioi' is already registered"),
    ],
)
def test_a_plugin_that_is_wrong_is_one_sentence(tmp_path, text, sentence):
    path = tmp_path / "wrong.py"
    path.write_text(text)
    with pytest.raises(Problem) as raised:
        load_plugin(path)
    assert sentence in str(raised.value)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("name", ["missing.py", "block.txt", "."])
def test_what_is_no_python_file_is_one_sentence(tmp_path, name):
    (tmp_path / "block.txt").write_text(GOOD.format(name="mine"))
    with pytest.raises(Problem, match=r"no such file|not a Python file"):
        load_plugin(tmp_path / name)
