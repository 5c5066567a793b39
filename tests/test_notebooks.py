"""notebooks/: each runs from a clean kernel, and is stored with what it showed."""

from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def kinds_of_output(notebook):
    """For each cell of code, what it put out: text, pictures, tables. Text that came in pieces counts once."""
    cells = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            kinds = []
            for output in cell.outputs:
                kind = output.output_type, *sorted(output.get("data", {}))
                if kind != ("stream",) or kinds[-1:] != [kind]:
                    kinds.append(kind)
            cells.append(kinds)
    return cells


@each_notebook
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Jupyter's own parts; the kernel has its own filters
def test_a_notebook_runs_and_shows_what_is_stored(path, tmp_path, monkeypatch):
    # the kernel inherits it: where other programs keep the cores busy, two threads of BLAS wait for each other at every
    # product, and a notebook of seconds takes minutes
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    stored = nbformat.read(path, as_version=4)
    fresh = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(fresh, timeout=60, kernel_name="python3",
                            resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert kinds_of_output(fresh) == kinds_of_output(stored)
    assert not [output for cell in fresh.cells if cell.cell_type == "code" for output in cell.outputs
                if output.get("name") == "stderr"], "a warning or a progress bar"


@each_notebook
def test_a_stored_notebook_is_valid_and_was_run_from_top_to_bottom(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
