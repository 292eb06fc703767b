"""The one direction of imports, and what importing costs."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {
    "torch",
    "torchaudio",
    "whisper",
    "faster_whisper",
    "ctranslate2",
    "pyannote",
    "jieba",
    "snownlp",
    "onnxruntime",
    "huggingface_hub",
}
NETWORKS = {
    "campplus_fast.py",
    "campplus_net.py",
    "diarize_pipeline.py",
    "embed_campplus.py",
    "gemma_net.py",
    "segment_sinc.py",
}
"""Files that define torch modules: they need torch to be read at all, so nobody may read them early."""
ALLOWED_FROM_PIPELINE_IN_MODELS = {"types", "ports", "errors", "settings"}
ARROWS_IN_FLOWS = {
    "cli": {"deploy", "results", "batch", "show", "training", "privacy", "wiring"},
    "deploy": {"results", "batch", "show", "watch", "privacy"},
    "results": {"batch", "watch", "privacy", "wiring"},
    "batch": {"watch", "privacy", "wiring"},
    "show": {"results"},
    "wiring": {"training"},
    "training": set(),
    "privacy": set(),
    "watch": set(),
}
"""Which parts of ``flows`` a part may import, itself aside."""


def sources(package):
    return sorted((ROOT / package).rglob("*.py"))


def imports(path):
    """(module, loaded with the file) of every import in a file; those for types alone load nothing."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    later = [f for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) or _for_types(f)]
    inner = {id(n) for f in later for n in ast.walk(f)}
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [node.module or ""]
        for name in names:
            yield name, id(node) not in inner


def _for_types(node):
    test = getattr(node, "test", None)
    return isinstance(node, ast.If) and isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("pipeline", {"models", "flows", "tests", "prefect", *HEAVY}),
        ("models", {"flows", "tests", "prefect"}),
        ("flows", {"tests", *HEAVY}),
    ],
)
def test_imports_point_one_way(package, forbidden):
    assert sources(package)
    for path in sources(package):
        for name, _ in imports(path):
            assert name.split(".")[0] not in forbidden, f"{path.relative_to(ROOT)} imports {name}"


def test_models_see_only_the_pipelines_contracts():
    for path in sources("models"):
        for name, _ in imports(path):
            parts = name.split(".")
            if parts[0] == "pipeline":
                assert parts[1] in ALLOWED_FROM_PIPELINE_IN_MODELS, f"{path.name} imports {name}"


def test_only_wiring_joins_models_to_the_pipeline():
    for path in sources("flows"):
        uses_models = any(name.split(".")[0] == "models" for name, _ in imports(path))
        assert not uses_models or path == ROOT / "flows" / "wiring.py", path


def test_the_parts_of_flows_import_one_way():
    parts = {path.relative_to(ROOT / "flows").parts[0].removesuffix(".py") for path in sources("flows")}
    assert parts - {"__init__"} == set(ARROWS_IN_FLOWS)
    for path in sources("flows"):
        part = path.relative_to(ROOT / "flows").parts[0].removesuffix(".py")
        for name, _ in imports(path):
            root, _, rest = name.partition(".")
            other = rest.split(".")[0]
            allowed = root != "flows" or other == part or other in ARROWS_IN_FLOWS[part]
            assert allowed, f"{path.relative_to(ROOT)} imports {name}"


def test_the_arrows_of_flows_make_no_circle():
    assert tuple(TopologicalSorter(ARROWS_IN_FLOWS).static_order())  # raises CycleError


def test_heavy_packages_are_imported_inside_functions():
    for path in sources("models"):
        for name, top in imports(path):
            heavy = top and name.split(".")[0] in HEAVY
            assert not heavy or path.name in NETWORKS, f"{path.name} imports {name} at the top"


def test_networks_are_imported_inside_functions():
    modules = {f"models.{Path(name).stem}" for name in NETWORKS}
    for path in sources("models"):
        for name, top in imports(path):
            assert not top or path.name in NETWORKS or name not in modules, f"{path.name} imports {name}"


@pytest.mark.parametrize(
    "module", ["pipeline", "pipeline.stages", "pipeline.batch.run", "models.registry", "flows.cli"]
)
def test_importing_loads_nothing_heavy(module):
    code = f"import sys, {module}; print(' '.join(sorted(sys.modules)))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    roots = {name.split(".")[0] for name in loaded.stdout.split()}
    assert not roots & {*HEAVY, "prefect"}


@pytest.mark.parametrize("package", ["pipeline", "models", "flows"])
def test_shipped_code_prints_and_asserts_nothing(package):
    for path in sources(package):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not isinstance(node, ast.Assert), f"{path}:{node.lineno} asserts"
            is_print = (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
            )
            assert not is_print, f"{path}:{node.lineno} prints"
