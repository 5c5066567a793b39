"""Imports only go down: every module has a level and knows none above its own; importing stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "tinygrad_edu"

# A folder stands for all its modules but those with an entry of their own; "" is `tinygrad_edu` itself.
LEVELS = {
    5: ["", "__main__", "cli", "demo", "doctor", "gallery", "plots", "landscape"],
    4: ["training", "interop"],
    3: ["nn", "compiler"],
    2: ["engine.transforms", "check", "drawing"],
    1: ["engine"],
    0: ["errors", "checks", "tracing", "files", "blas", "random", "interop.saving", "engine.primitive", "engine.ops",
        "optim", "data", "linear_models", "figures", "class_figures"],
}

# What the function that needs it imports, and what only the tests do.
NOT_AT_IMPORT = ["matplotlib", "numpy.random", "scipy", "graphviz", "pygraphviz", "tqdm", "safetensors", "torch",
                 "sklearn"]


def module_name(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def level(module):
    """The level of the longest entry of the table that the module falls under; None if there is none."""
    found = {entry: number for number, entries in LEVELS.items() for entry in entries
             if module == entry or (entry and module.startswith(f"{entry}."))}
    return found[max(found, key=len)] if found else None


def imports(module):
    """The modules of the package that a module imports, also inside its functions, with the line of each."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{MODULES[module]}:{node.lineno}: imports are absolute here"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for package, *parts in (name.split(".") for name in names):
            if package == "tinygrad_edu":
                name = ".".join(parts)  # of a module, or of something in it
                yield name if name in MODULES else ".".join(parts[:-1]), node.lineno


def may_import(module, other):
    """Down to any module; on the same level only within a folder, or from one above it, such as `errors`.

    And an `__init__` collects the names of the folders in its own.
    """
    if level(other) == level(module):
        here, there = MODULES[module].parent, MODULES[other].parent
        return here.is_relative_to(there) or (MODULES[module].name == "__init__.py" and there.is_relative_to(here))
    return level(other) < level(module)


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_a_level(module):
    assert level(module) is not None, f"tinygrad_edu.{module} has no place in LEVELS; give it one"


@pytest.mark.parametrize("module", MODULES)
def test_imports_only_go_down(module):
    for other, line in imports(module):
        assert other in MODULES, f"{MODULES[module]}:{line}: there is no tinygrad_edu.{other}"
        assert may_import(module, other), (
            f"{MODULES[module]}:{line}: {module or 'tinygrad_edu'} is on level {level(module)} and must not "
            f"import {other or 'tinygrad_edu'} on level {level(other)}")


def test_importing_the_package_loads_only_what_every_use_needs():
    code = f"import sys, tinygrad_edu; print(*sys.modules.keys() & {NOT_AT_IMPORT})"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.split() == []
