"""The programs of the workloads of `benchmarks`, as text: nothing is allocated within the step, and it reads well."""

import ast
import linecache
import subprocess
import sys

import numpy as np
import pytest

import tinygrad_edu as tg
from benchmarks.workloads import WORKLOADS, Workload, make_problem
from tests.compiler.side_by_side import batches, regression
from tinygrad_edu import nn, optim

NAMES = [name for name, workload in WORKLOADS.items() if isinstance(workload, Workload)]
LOSSES = {"mse": nn.MSELoss, "cross_entropy": nn.CrossEntropyLoss, "least_squares": nn.LeastSquaresLoss}
OPTIMIZERS = {"adam": optim.Adam, "gradient descent": optim.SGD}
VIEWS = {"reshape", "ravel", "transpose", "squeeze", "swapaxes"}
WRITES = {"np.copyto", "np.add.at"}


@pytest.fixture(scope="module", params=NAMES)
def workload(request):
    """(a workload, its compiled step after one call, the step itself, its arguments)."""
    workload = WORKLOADS[request.param]
    problem = make_problem(workload)
    model = nn.MLP(list(workload.layers), activation=workload.activation, dtype=np.dtype(workload.dtype))
    for parameter, initial in zip(model.parameters(), problem.parameters, strict=True):
        parameter.data = initial
    loss = LOSSES[workload.loss]()
    optimizer = OPTIMIZERS[workload.optimizer](model.parameters(), lr=workload.learning_rate)

    def step(x, y):
        optimizer.zero_grad()
        J = loss(model(x), y)
        J.backward()
        optimizer.step()
        return J

    compiled = tg.compile(step)
    compiled(problem.x, problem.target)
    return workload, compiled, problem


def inner_step(source):
    tree = ast.parse(source)
    prepare = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "prepare")
    return next(node for node in prepare.body if isinstance(node, ast.FunctionDef) and node.name == "step")


def array_variables(compiled):
    """The names that stand for arrays of one axis or more."""
    text = compiled.step.text
    return {text.text(call.y) for call in compiled.step.plan.calls if np.ndim(call.y.value)}


def test_every_call_on_arrays_writes_into_a_buffer(workload):
    """Each call in the step has `out=`, or makes single numbers, or a view."""
    _, compiled, _ = workload
    arrays = array_variables(compiled)
    step = inner_step(compiled.source)
    for statement in ast.walk(step):
        if not isinstance(statement, ast.Assign | ast.Expr) or isinstance(statement.value, ast.Constant):
            continue
        line = ast.unparse(statement)
        makes_array = isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id in arrays for target in statement.targets)
        if not isinstance(statement.value, ast.Call):
            assert not makes_array or isinstance(statement.value, ast.Attribute | ast.Subscript | ast.Name), line
            continue
        name = ast.unparse(statement.value.func)
        if name in WRITES or name.rpartition(".")[2] in VIEWS | {"fill"}:
            continue
        has_out = any(keyword.arg == "out" for keyword in statement.value.keywords)
        assert has_out or not makes_array, line
        assert not name.startswith(("np.empty", "np.zeros", "np.ones", "np.full", "np.array", "np.copy(")), line
        assert not name.endswith(".copy"), line


def test_the_update_is_a_few_calls_on_all_parameters_at_once(workload):
    description, compiled, _ = workload
    lines = [line for line in compiled.source.partition("# ----- update")[2].splitlines() if "np." in line]
    assert 0 < len(lines) <= (12 if description.optimizer == "adam" else 3)


def test_sections_come_in_order_with_a_formula_for_each_op(workload):
    _, compiled, _ = workload
    comments = [line.strip() for line in compiled.source.splitlines() if line.strip().startswith("# -----")]
    assert comments[:3] == ["# ----- forward -----", "# ----- backward -----", "# ----- update -----"]
    notes = [line for line in compiled.source.splitlines() if line.strip().startswith("# linear: ")]
    assert len(notes) >= 2


def test_the_loss_is_the_eager_one(workload):
    description, _, _ = workload
    problem = make_problem(description)
    model = nn.MLP(list(description.layers), activation=description.activation, dtype=np.dtype(description.dtype))
    for parameter, initial in zip(model.parameters(), problem.parameters, strict=True):
        parameter.data = initial
    loss = LOSSES[description.loss]()
    eager = loss(model(problem.x), problem.target)
    fresh = tg.compile(lambda x, y: loss(model(x), y))
    assert fresh(problem.x, problem.target).item() == pytest.approx(
        eager.item(), rel=1e-5 if description.dtype == "float32" else 1e-12)


def test_pep_8(workload, tmp_path):
    """As ruff checks this library's own files, but for what is about names and imports in a project."""
    _, compiled, _ = workload
    (tmp_path / "program.py").write_text(compiled.source)
    run = subprocess.run([sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E,W,F,B,N", "--line-length",
                          "120", "--ignore", "N803,N806", str(tmp_path / "program.py")], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


def test_buffers_are_named_after_layers_and_parameters():
    training = regression()()
    compiled = tg.compile(training.step)
    compiled(*batches((4, 3), (4, 2))[0])
    for name in ("layers_0_weight", "layers_2_bias", "d_layers_0_weight", "J"):
        assert name in compiled.source


def test_a_stack_trace_shows_the_programs_lines():
    """The text of the program is what Python shows of it."""
    compiled = tg.compile(lambda x: np.tanh(x) * 2)
    compiled(np.ones(3))
    file = compiled.step._run.__code__.co_filename
    assert linecache.getline(file, 3) == "import numpy as np\n"


def test_a_program_is_as_long_as_the_net_not_as_the_data():
    sizes = []
    for n in (10, 1000):
        training = regression()()
        compiled = tg.compile(training.step)
        compiled(*batches((n, 3), (n, 2))[0])
        sizes.append(len(compiled.source.splitlines()))
    assert sizes[0] == sizes[1]
