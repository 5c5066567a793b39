"""`report` and `graph`: what a program costs, line by line, and how it looks; nothing is changed by looking."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.compiler.side_by_side import batches, regression
from tinygrad_edu import nn, optim
from tinygrad_edu.compiler.report import number, size, time
from tinygrad_edu.errors import ArgumentError, OptionError

N, IN, HIDDEN, OUT = 10, 3, 5, 2
X, Y = batches((N, IN), (N, OUT))[0]


def compiled_step(**options):
    training = regression((IN, HIDDEN, OUT), optimizer=optim.Adam, **options)()
    compiled = tg.compile(training.step)
    compiled(X, Y)
    return training, compiled


def test_flops_and_bytes_of_the_matrix_products():
    """2·m·k·n each, by hand; the gradient by the data is not computed. The column of ones behind x does the biases."""
    _, compiled = compiled_step()
    report = compiled.report(runs=2)
    products = [line for line in report.lines if line.is_product and "vdot" not in line.code]
    forward = [2 * N * (IN + 1) * HIDDEN, 2 * N * (HIDDEN + 1) * OUT]
    backward = [2 * OUT * N * (HIDDEN + 1), 2 * N * OUT * HIDDEN, 2 * HIDDEN * N * (IN + 1)]
    assert sorted(line.flops for line in products) == sorted(forward + backward)
    first = products[0]
    assert first.moved == 8 * (N * (IN + 1) + (IN + 1) * HIDDEN + N * HIDDEN)
    assert first.section == "forward"
    assert {line.section for line in report.lines} == {"forward", "backward", "update"}


def test_elementwise_flops_and_bytes():
    compiled = tg.compile(lambda x: np.tanh(x) * 2.0)
    report = compiled.report(np.zeros(1000))
    assert report.flops == 2000
    assert [line.moved for line in report.lines] == [16000, 16008]  # x and tanh; tanh, 2.0 and the product
    assert report.arguments == 8000
    assert report.buffers == 16008  # tanh, the result, and 2.0
    assert report.peak == 24008
    assert report.product_share == 0


def test_memory():
    training, compiled = compiled_step()
    report = compiled.report(runs=2)
    parameters = sum(p.data.size for p in training.model.parameters())
    assert 8 * 3 * parameters <= report.kept <= 8 * 3 * parameters + 8 * 2 * N * HIDDEN  # with m, v and constants
    assert report.arguments == X.nbytes + Y.nbytes
    assert report.peak == report.kept + report.buffers + report.arguments


def test_nothing_is_changed():
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(IN, 4), nn.BatchNorm1d(4), nn.Dropout(0.5, rng=rng), nn.Dropout(0.5))
    opt = optim.Adam(model.parameters(), lr=0.1)

    def step(x):
        opt.zero_grad()
        J = (model(x) ** 2).mean()
        J.backward()
        opt.step()
        return J

    compiled = tg.compile(step)
    compiled(X)
    compiled(X)
    arguments = X.copy()

    def everything():
        states = {**model.state_dict(), **opt.state_dict()}
        states |= {f"gradient {p.name}": p.grad for p in model.parameters()}
        return {name: np.copy(x) for name, x in states.items()}, str(rng.bit_generator.state), str(
            tg.random.default_generator().bit_generator.state)

    before = everything()
    assert compiled.report(runs=3).seconds > 0
    compiled.graph()
    after = everything()
    assert after[1:] == before[1:]
    for name, x in before[0].items():
        np.testing.assert_array_equal(after[0][name], x, err_msg=name)
    np.testing.assert_array_equal(X, arguments)


def test_the_table():
    _, compiled = compiled_step()
    report = compiled.report(runs=2)
    text = str(report)
    assert all(word in text for word in ("line", "formula", "flops", "moved", "time", "share", "----- update -----"))
    assert "matrix products:" in text
    assert len(text.splitlines()) == len(report.lines) + 3 + 7
    html = report._repr_html_()
    assert html.count("<tr>") == len(report.lines) + 1
    assert "<code>np.matmul" in html
    shares = [line.seconds for line in report.lines]
    assert min(shares) >= 0 < sum(shares)


def test_bad_calls():
    compiled = tg.compile(lambda x: x + 1)
    for look in (compiled.report, compiled.graph):
        with pytest.raises(OptionError, match="not called yet"):
            look()
    with pytest.raises(ArgumentError, match="runs"):
        compiled.report(np.ones(2), runs=0)
    with pytest.raises(ArgumentError, match="max_nodes"):
        compiled.graph(max_nodes=0)


def test_numbers_for_people():
    assert [number(x) for x in (0, 999, 12000, 1.234e6, None)] == ["0", "999", "12 k", "1.23 M", "?"]
    assert [size(x) for x in (0, 8, 1536, 3 * 2**20)] == ["0 B", "8 B", "1.5 KiB", "3 MiB"]
    assert [time(x) for x in (1e-9, 1.5e-6, 0.0123, 2)] == ["1 ns", "1.5 µs", "12.3 ms", "2 s"]


def test_the_graph():
    _, compiled = compiled_step()
    drawing = compiled.graph()
    text = str(drawing)
    assert [line for line in text.splitlines() if line[0] != " "] == ["forward:", "backward:", "update:"]
    assert all(f"cluster_{section}" in drawing.source for section in ("forward", "backward", "update"))
    assert "layers.0.theta" in drawing.source
    view = drawing.view
    assert all(source < target for target, node in enumerate(view.nodes) for source in node.inputs)
    assert [node.name for node in view.nodes if node.role == "result"] == ["J"]
    few = compiled.graph(max_nodes=3)
    assert "the first 3 of" in str(few)
    assert sum(node.section != "" for node in few.view.nodes) == 3


def test_the_graph_as_a_file(tmp_path):
    pytest.importorskip("graphviz")
    _, compiled = compiled_step()
    compiled.graph(theme="dark").save(tmp_path / "program.dot")
    assert (tmp_path / "program.dot").read_text().startswith("digraph")
