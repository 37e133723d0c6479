"""The shape of the code: which module may import which, and what only a few of them may do."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "netlab_magic"

# A module or folder of the package, and the layer it belongs to. It may import from its own layer and from those below.
LAYERS = {
    0: {"errors", "messages"},
    1: {"assumption", "packet", "ruleset", "sighting", "topology", "outcome", "statement", "extensions", "voyage", "way"},
    2: {"hostdump", "iproute", "savefile", "listing", "rulespec", "canonical", "cell", "dockerwords", "reader", "grammar",
        "reading", "language"},
    3: {
        "walk", "prediction", "predict", "remedy", "flows", "stops", "crosscheck", "chosen", "account", "judging", "simulation",
        "commandline", "difference", "alignment", "comparison", "change", "build", "rules",
        "addressing", "summary", "explain", "docker", "reach", "shadow", "hints", "facts", "passages",
        "evidence", "foresee", "inference", "strangers",
    },
    4: {"draw"},
    5: {"engine", "host"},
    6: {
        "compared", "flowdiff", "modelled", "dockerhost", "explaining", "history", "lab", "loading", "lookedat", "looking",
        "questions", "reasons",
        "result", "runner", "showing", "snapshots", "statements",
        "stretches", "texts", "tracing",
    },
    7: {"magics", "options", "panel", "completion", "demo", "__init__"},
}
LAYER_OF = {name: layer for layer, names in LAYERS.items() for name in names}
LAST_PURE_LAYER = 3
NOTEBOOK_LAYER = 7

IMPURE = {"IPython", "anywidget", "graphviz", "iptc", "ipywidgets", "os", "pyroute2", "socket", "subprocess", "time"}
KERNEL_LIBRARIES = {"iptc", "pyroute2"}
NOTEBOOK_LIBRARIES = {"IPython", "anywidget", "ipywidgets"}

STARTS_PROCESSES = {"draw/render.py", "host/", "engine/"}
PROCESS_MODULES = {"subprocess", "multiprocessing", "pty"}
PROCESS_CALLS = ("os.exec", "os.fork", "os.popen", "os.posix_spawn", "os.spawn", "os.system", "asyncio.create_subprocess")

MEANINGLESS_NAMES = {"common", "helper", "helpers", "misc", "util", "utils"}
LONGEST_MODULE = 400


@dataclass(frozen=True)
class Module:
    """A source file of the package; `path` is relative to the package."""

    path: Path
    source: str

    @property
    def part(self) -> str:
        """The name under which LAYERS lists it: its folder, or its own name."""
        return self.path.parts[0] if len(self.path.parts) > 1 else self.path.stem

    @property
    def layer(self) -> int:
        return LAYER_OF.get(self.part, NOTEBOOK_LAYER)

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)


MODULES = [Module(path.relative_to(PACKAGE), path.read_text()) for path in sorted(PACKAGE.rglob("*.py"))]
every_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.path))


def imports(module: Module, tree: ast.AST | None = None) -> Iterator[str]:
    """Full names of what a module imports, anywhere in it: `netlab_magic.errors.Place`, `os.path`."""
    package = ("netlab_magic", *module.path.parent.parts)
    for node in ast.walk(tree or module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            yield from (".".join((*above, *filter(None, [node.module]), alias.name)) for alias in node.names)


def libraries(module: Module) -> set[str]:
    return {name.split(".")[0] for name in imports(module)}


def parts_imported(module: Module, tree: ast.AST | None = None) -> set[str]:
    """The parts of the package that a module imports; a name that is no part comes from the package's `__init__`."""
    own = (name.split(".") for name in imports(module, tree) if name.split(".")[0] == "netlab_magic")
    return {words[1] if words[1:] and is_part(words[1]) else "__init__" for words in own}


def is_part(name: str) -> bool:
    return name in LAYER_OF or (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").exists()


def starts_processes(module: Module) -> set[str]:
    attributes = {ast.unparse(node) for node in ast.walk(module.tree) if isinstance(node, ast.Attribute)}
    names = attributes | set(imports(module))
    return (libraries(module) & PROCESS_MODULES) | {name for name in names if name.startswith(PROCESS_CALLS)}


def names_set(module: Module) -> set[str]:
    assignments = [node for node in module.tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    targets = [target for node in assignments for target in (node.targets if isinstance(node, ast.Assign) else [node.target])]
    return {target.id for target in targets if isinstance(target, ast.Name)}


@every_module
def test_every_module_has_a_layer(module):
    assert module.part in LAYER_OF, (
        f"netlab_magic/{module.path} belongs to no layer: decide what it may import, "
        f"then add {module.part!r} to LAYERS in tests/test_layers.py and to the table of the design"
    )


@every_module
def test_imports_point_down(module):
    above = {part for part in parts_imported(module) if LAYER_OF.get(part, 0) > module.layer}
    assert not above, f"netlab_magic/{module.path} is of layer {module.layer} and must not import {sorted(above)}, which are above it"


@every_module
def test_pure_modules_stay_pure(module):
    if module.layer <= LAST_PURE_LAYER:
        impure = libraries(module) & IMPURE
        assert not impure, f"netlab_magic/{module.path} must work without the world around it, but imports {sorted(impure)}"


@every_module
def test_kernel_libraries_stay_in_the_lab_host(module):
    if module.part != "host":
        assert not libraries(module) & KERNEL_LIBRARIES, "they cache, load modules and open sockets: only the lab host may import them"


@every_module
def test_notebook_libraries_stay_in_the_notebook_layer(module):
    if module.layer < NOTEBOOK_LAYER:
        assert not libraries(module) & NOTEBOOK_LIBRARIES, "scripts and tests must work without IPython"


@every_module
def test_few_places_start_processes(module):
    if not str(module.path).startswith(tuple(STARTS_PROCESSES)):
        found = starts_processes(module)
        assert not found, f"netlab_magic/{module.path} uses {sorted(found)}; only {sorted(STARTS_PROCESSES)} start processes"


@every_module
def test_every_module_says_what_it_is_and_what_it_offers(module):
    assert ast.get_docstring(module.tree), f"netlab_magic/{module.path} needs a docstring"
    is_imported = module.path.stem != "__main__"
    assert "__all__" in names_set(module) or not is_imported, f"netlab_magic/{module.path} needs an __all__"


@every_module
def test_names_mean_something(module):
    assert not MEANINGLESS_NAMES & {part.removesuffix(".py").strip("_") for part in module.path.parts}, "name it after what it knows"


@every_module
def test_modules_are_short(module):
    lines = module.source.count("\n")
    assert lines <= LONGEST_MODULE, f"netlab_magic/{module.path} has {lines} lines: split it along what it knows (at most {LONGEST_MODULE})"


def test_importing_the_package_imports_nothing_of_it():
    """`%load_ext` and `import netlab_magic` stay fast: names are looked up when they are used."""
    for module in (module for module in MODULES if str(module.path) == "__init__.py"):
        at_once = [node for node in module.tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        assert not parts_imported(module, ast.Module(body=at_once, type_ignores=[]))


class TestTheseTests:
    """They judge by the rules, tried on modules that break them."""

    @pytest.mark.parametrize(
        ("source", "parts"),
        [
            ("import netlab_magic.netfilter", {"walk"}),
            ("from netlab_magic import walk, Lab", {"walk", "__init__"}),
            ("from netlab_magic.engines.protocol import send", {"engine"}),
            ("from . import walk", {"draw"}),
            ("from .. import lab", {"lab"}),
            ("from ..lab import Lab", {"lab"}),
            ("def later():\n    from netlab_magic.session.lab import Lab", {"lab"}),
            ("import os", set()),
        ],
    )
    def test_every_form_of_import_is_seen(self, source, parts):
        assert parts_imported(Module(Path("draw/network.py"), source)) == parts

    @pytest.mark.parametrize("source", ["import subprocess", "from os import fork", "import os\nos.posix_spawn('/bin/true', [], {})"])
    def test_every_way_to_start_a_process_is_seen(self, source):
        assert starts_processes(Module(Path("walk.py"), source))

    def test_a_module_that_looks_up_is_refused(self):
        with pytest.raises(AssertionError, match="must not import"):
            test_imports_point_down(Module(Path("walk.py"), "from netlab_magic.draw import picture"))

    def test_an_unknown_module_is_refused(self):
        with pytest.raises(AssertionError, match="belongs to no layer"):
            test_every_module_has_a_layer(Module(Path("surprise.py"), ""))
