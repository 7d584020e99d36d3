"""Nothing that can run code of its own is ever loaded: safetensors, JSON and plain arrays alone."""

import ast
from pathlib import Path

import run_all

REPOSITORY = Path(run_all.__file__).parent
ROOMS = ("models", "bench", "ablations", "reports")
RUNNING = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal"}


def calls(tree, *names):
    """Yield the calls of ``a.b`` for each dotted name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in names:
            yield {word.arg: ast.unparse(word.value) for word in node.keywords}


def faults(source):
    """Return what a source text loads that can run code."""
    tree = ast.parse(source)
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module)
    found = sorted(imported & RUNNING)
    weights = calls(tree, "torch.load", "load_state_dict_from_url")
    found += ["torch" for words in weights if words.get("weights_only") != "True"]
    arrays = calls(tree, "np.load", "numpy.load")
    return found + ["numpy" for words in arrays if words.get("allow_pickle", "False") != "False"]


def test_no_source_file_loads_what_can_run_code():
    files = [REPOSITORY / "run_all.py"]
    files += [path for room in ROOMS for path in (REPOSITORY / room).rglob("*.py")]
    assert len(files) > 100
    assert {path.name: faults(path.read_text(encoding="utf-8")) for path in files} == {
        path.name: [] for path in files
    }


def test_it_would_be_noticed():
    assert faults("import pickle") == ["pickle"]
    assert faults("from joblib import load") == ["joblib"]
    assert faults("torch.load(path)") == ["torch"]
    assert faults("torch.load(path, weights_only=True)") == []
    assert faults("np.load(path, allow_pickle=True)") == ["numpy"]
    assert faults("with np.load(path) as file: pass") == []
