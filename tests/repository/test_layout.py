"""The layout of the package: which folder may import which, and what only a few of them may do.

ARCHITECTURE.md holds the one list of folders; a folder imports only from those above it there, and its docstring says from which.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "netlab_magic"

PURE = {"text", "errors", "i18n", "model", "iptables", "nftables", "language", "explain", "docker", "netfilter", "forwarding", "diagnosis"}
IMPURE_LIBRARIES = {"IPython", "anywidget", "graphviz", "iptc", "ipywidgets", "os", "socket", "subprocess", "time"}
NOTEBOOK_LIBRARIES = {"IPython", "anywidget", "ipywidgets"}
KERNEL_LIBRARIES = {"iptc"}

STARTS_PROCESSES = ("draw/base/render.py", "engines/")
PROCESS_MODULES = {"subprocess", "multiprocessing", "pty"}
PROCESS_CALLS = ("os.exec", "os.fork", "os.popen", "os.posix_spawn", "os.spawn", "os.system", "asyncio.create_subprocess")

MEANINGLESS_NAMES = {"common", "helper", "helpers", "misc", "util", "utils"}
LONGEST_MODULE = 400
MOST_ENTRIES = 21


@dataclass(frozen=True)
class Module:
    """A source file of the package; `path` is relative to the package."""

    path: Path
    source: str

    @property
    def part(self) -> str:
        """The folder at the package's top that it is in, or its own name."""
        return self.path.parts[0] if len(self.path.parts) > 1 else self.path.stem

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    @cached_property
    def imports(self) -> set[str]:
        """Full names of what it imports, anywhere in it: `netlab_magic.errors.Place`, `os.path`."""
        return set(imported(self.tree, ("netlab_magic", *self.path.parent.parts)))

    @property
    def libraries(self) -> set[str]:
        return {name.split(".")[0] for name in self.imports}

    @property
    def parts_imported(self) -> set[str]:
        """The other folders of the package that it imports from; `__init__` for names of the package itself."""
        return parts_of(self.imports) - {self.part}


def imported(tree: ast.AST, package: tuple[str, ...]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            yield from (".".join((*above, *filter(None, [node.module]), alias.name)) for alias in node.names)


def parts_of(names: set[str]) -> set[str]:
    own = (name.split(".") for name in names if name.split(".")[0] == "netlab_magic")
    return {words[1] if words[1:] and is_part(words[1]) else "__init__" for words in own}


def is_part(name: str) -> bool:
    return (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").exists()


def listed_parts() -> tuple[str, ...]:
    """The folders and modules at the package's top, as ARCHITECTURE.md lists them."""
    return tuple(re.findall(r"^\| `(\w+)(?:/|\.py)` \|", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE))


PARTS = listed_parts()
MODULES = [Module(path.relative_to(PACKAGE), path.read_text()) for path in sorted(PACKAGE.rglob("*.py"))]
INSIDE = [module for module in MODULES if str(module.path) != "__init__.py"]


def looks_up(module: Module) -> set[str]:
    """The parts that a module imports although they are below it in the list, or not in the list at all."""
    allowed = PARTS[: PARTS.index(module.part)] if module.part in PARTS else ()
    return module.parts_imported - set(allowed)


def starts_processes(module: Module) -> set[str]:
    attributes = {ast.unparse(node) for node in ast.walk(module.tree) if isinstance(node, ast.Attribute)}
    return (module.libraries & PROCESS_MODULES) | {name for name in attributes | module.imports if name.startswith(PROCESS_CALLS)}


def exports(module: Module) -> bool:
    assignments = [node for node in module.tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    targets = [target for node in assignments for target in (node.targets if isinstance(node, ast.Assign) else [node.target])]
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)


def test_the_list_names_what_is_there():
    there = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or any(path.glob("*.py"))}
    assert set(PARTS) == there - {"__init__"}, "the table of ARCHITECTURE.md lists the folders, and what is at the package's top is in it"
    assert len(there) < MOST_ENTRIES, "a new concept belongs into a folder that is there, or takes the place of one"


def test_a_folder_imports_only_from_those_above_it():
    wrong = {str(module.path): sorted(found) for module in INSIDE if (found := looks_up(module))}
    assert not wrong, "these import from below in the table of ARCHITECTURE.md, or from what is not in it"


@pytest.mark.parametrize("part", [part for part in PARTS if (PACKAGE / part).is_dir()])
def test_every_folder_says_what_it_imports_and_where_to_start(part):
    told = ast.get_docstring(ast.parse((PACKAGE / part / "__init__.py").read_text())) or ""
    assert "\nStart reading: " in told
    said = re.search(r"^Imports: (.*)\.$", told, re.MULTILINE)
    assert said, f"netlab_magic/{part}/__init__.py says in a line `Imports: …` from which folders it imports"
    used = set().union(*(module.parts_imported for module in MODULES if module.part == part))
    assert said[1] == (", ".join(sorted(used)) or "nothing")


def test_pure_folders_stay_pure():
    wrong = {str(module.path): sorted(found) for module in INSIDE if module.part in PURE and (found := module.libraries & IMPURE_LIBRARIES)}
    assert not wrong, "these must work without the world around them"


def test_kernel_libraries_stay_in_the_lab_host():
    wrong = [str(module.path) for module in MODULES if module.path.parts[:2] != ("engines", "host") and module.libraries & KERNEL_LIBRARIES]
    assert not wrong, "they cache, load modules and open sockets: only the lab host may import them"


def test_notebook_libraries_stay_in_the_notebooks_folder():
    wrong = [str(module.path) for module in INSIDE if module.part != "jupyter" and module.libraries & NOTEBOOK_LIBRARIES]
    assert not wrong, "scripts and tests must work without IPython"


def test_few_places_start_processes():
    others = [module for module in MODULES if not str(module.path).startswith(STARTS_PROCESSES)]
    wrong = {str(module.path): found for module in others if (found := starts_processes(module))}
    assert not wrong, f"only {STARTS_PROCESSES} start processes"


def test_every_module_says_what_it_is_and_what_it_offers():
    told = [module for module in MODULES if ast.get_docstring(module.tree) and (exports(module) or module.path.stem == "__main__")]
    wrong = [str(module.path) for module in MODULES if module not in told]
    assert not wrong, "these need a docstring and an __all__"


def test_names_mean_something():
    words = {module.path: {part.removesuffix(".py").strip("_") for part in module.path.parts} for module in MODULES}
    wrong = [str(path) for path, parts in words.items() if MEANINGLESS_NAMES & parts]
    assert not wrong, "name it after what it knows"


def test_modules_are_short():
    wrong = {str(module.path): lines for module in MODULES if (lines := module.source.count("\n")) > LONGEST_MODULE}
    assert not wrong, f"split them along what they know: at most {LONGEST_MODULE} lines"


def test_importing_the_package_imports_nothing_of_it():
    """`%load_ext` and `import netlab_magic` stay fast: names are looked up when they are used."""
    package = next(module for module in MODULES if str(module.path) == "__init__.py")
    at_once = [node for node in package.tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert not parts_of(set(imported(ast.Module(body=at_once, type_ignores=[]), ("netlab_magic",))))


class TestTheseTests:
    """They judge by the rules, tried on modules that break them."""

    @pytest.mark.parametrize(
        ("source", "parts"),
        [
            ("import netlab_magic.netfilter", {"netfilter"}),
            ("from netlab_magic import netfilter, Lab", {"netfilter", "__init__"}),
            ("from netlab_magic.engines.protocol import send", {"engines"}),
            ("from . import walk", set()),
            ("from .. import session", {"session"}),
            ("from ..session.lab import Lab", {"session"}),
            ("def later():\n    from netlab_magic.session.lab import Lab", {"session"}),
            ("import os", set()),
        ],
    )
    def test_every_form_of_import_is_seen(self, source, parts):
        assert Module(Path("draw/topology.py"), source).parts_imported == parts

    @pytest.mark.parametrize("source", ["import subprocess", "from os import fork", "import os\nos.posix_spawn('/bin/true', [], {})"])
    def test_every_way_to_start_a_process_is_seen(self, source):
        assert starts_processes(Module(Path("model/packet.py"), source))

    def test_a_module_that_looks_down_the_list_is_refused(self):
        assert looks_up(Module(Path("model/packet.py"), "from netlab_magic.draw import picture")) == {"draw"}

    def test_a_module_that_is_not_listed_may_import_nothing(self):
        assert looks_up(Module(Path("surprise.py"), "from netlab_magic.text import printable")) == {"text"}
