"""What `backward` does to a graph as a whole: sums, order, depth, memory, and what it refuses."""

import copy
import gc
import signal
import threading
import tracemalloc
import weakref

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import BackwardError, GradientRuleError, OptionError


def test_the_example_that_micrograd_counts_twice():
    x = tg.Value(2.0)
    y = x * x
    z = y * y
    z.backward()
    assert (x.grad, y.grad, z.grad) == (32.0, 8.0, 1.0)  # d(x⁴)/dx = 4x³, d(y²)/dy = 2y
    z.backward()
    assert x.grad == 64.0, "gradients of leaves add up"
    assert (y.grad, z.grad) == (8.0, 1.0), "those of what was computed are of the last pass"


def test_gradients_of_leaves_add_up_over_different_results_until_forgotten():
    x = tg.Value(np.array([1.0, 2.0]))
    (x * 3).sum().backward()
    (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad, [3 + 2, 3 + 4])
    x.grad = None
    x.sum().backward()
    np.testing.assert_array_equal(x.grad, [1, 1])


def test_a_leaf_is_its_own_result():
    x = tg.Value(3.0)
    x.backward()
    x.backward()
    assert x.grad == 2.0


def test_a_value_reused_by_later_ones_gets_the_sum_of_all_shares():
    # depth first without an order, b would pass its gradient on before the share by way of d had arrived
    a = tg.Value(3.0)
    b = a + 1
    c, d = b * 2, b * 5
    (c * d + d).backward()  # (10 b² + 5 b), b = a + 1
    assert a.grad == 20 * 4 + 5


def test_intermediate_gradients_of_an_older_pass_are_gone_where_the_new_one_does_not_come():
    x = tg.Value(2.0)
    y = x * 3
    z = y * 5
    z.backward()
    (y * 1).backward()
    assert y.grad == 1.0


@pytest.mark.parametrize("length", [100_000])
def test_a_deep_chain(length):
    x = y = tg.Value(1.0)
    for _ in range(length):
        y = y + x
    y.backward()
    assert x.grad == length + 1


def test_an_op_of_many_inputs_is_linear_in_their_number():
    calls = []
    numbers = [tg.Value(float(i)) for i in range(5_000)]

    @tg.primitive("{xs}", xs=lambda g, y, *xs: calls.append(len(xs)) or (lambda i: g * i))
    def total(*xs):
        return sum(i * x for i, x in enumerate(xs))

    (total(numbers) + np.stack(numbers).sum() + np.concatenate([np.reshape(x, 1) for x in numbers]).sum()).backward()
    assert [x.grad for x in numbers] == [i + 2.0 for i in range(5_000)]
    assert calls == [5_000], "one look at all inputs, not one for each of them"


def test_2_to_the_40_paths():
    x = y = tg.Value(1.0)
    for _ in range(40):
        y = y + y
    y.backward()
    assert x.grad == 2.0**40


@pytest.mark.parametrize("make", [lambda x: x * x + x, lambda x: np.tanh(x) @ x, lambda x: np.concatenate([x, x])[1:3]])
def test_a_graph_is_freed_with_its_last_value_and_without_the_garbage_collector(make):
    x = tg.Value(np.ones(3))
    gc.collect()
    gc.disable()
    try:
        y = make(x)
        y.sum().backward()
        inner = weakref.ref(y)
        del y
        assert inner() is None
    finally:
        gc.enable()


def test_a_deep_graph_is_freed_without_deep_recursion():
    y = tg.Value(1.0)
    for _ in range(200_000):
        y = y * 1.0
    del y


def test_memory_does_not_grow_over_training_steps():
    model = tg.nn.MLP([2, 4, 1], rng=0)
    optimizer = tg.optim.Adam(model.parameters())
    x, target = np.ones((5, 2)), np.zeros((5, 1))

    def train(steps):
        for _ in range(steps):
            optimizer.zero_grad()
            tg.nn.MSELoss()(model(x), target).backward()
            optimizer.step()

    train(50)
    gc.collect()
    tracemalloc.start()
    try:
        train(100)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        train(1_000)
        gc.collect()
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert after - before < 1_000  # not a byte per step


def test_no_gradient_is_computed_for_what_is_no_value():
    asked = []

    @tg.primitive("{a}{b}", a=lambda g, y, a, b: asked.append("a") or g * b,
                  b=lambda g, y, a, b: asked.append("b") or g * a)
    def product(a, b):
        return a * b

    weight = tg.Value(2.0)
    product(np.ones(3), weight).sum().backward()
    assert asked == ["b"]
    assert weight.grad == 3.0


def test_shapes_and_dtypes_of_gradients_are_those_of_the_data():
    for dtype in (np.float16, np.float32, np.float64, np.longdouble):
        for shape in [(), (0,), (1,), (2, 3)]:
            x = tg.Value(np.ones(shape, dtype))
            w = tg.Value(np.ones((2, 3), dtype))
            ((x if shape != (0,) else x.sum()) * w).sum().backward()
            assert (x.grad.shape, x.grad.dtype) == (shape, dtype)
            assert (w.grad.shape, w.grad.dtype) == ((2, 3), dtype)


def test_a_gradient_is_the_users_own_array():
    x = tg.Value(np.ones(3))
    y = x + 0.0
    seed = np.array([1.0, 2.0, 3.0])
    y.backward(seed)
    x.grad[0] = 99.0
    np.testing.assert_array_equal(seed, [1, 2, 3])
    np.testing.assert_array_equal(y.grad, [1, 2, 3])
    y.backward(seed)
    np.testing.assert_array_equal(x.grad, [100, 4, 6])


def test_gradients_of_numbers_are_python_numbers():
    x = tg.Value(0.5)
    y = np.tanh(np.exp(x) / 3 - x**3)
    y.backward()
    assert [type(v) for v in (y.data, y.grad, x.grad)] == [float, float, float]


# ----- what is refused, with everything as it was -----

def test_an_array_needs_a_gradient_to_start_from():
    x = tg.Value(np.ones(3), name="x")
    with pytest.raises(BackwardError, match=r"only a single number has a gradient; use v.sum\(\).backward\(\)"):
        (x * 2).backward()
    assert x.grad is None


@pytest.mark.parametrize("gradient", [np.ones(2), 1.0, np.ones(3, complex), ["a", "b", "c"]])
def test_a_gradient_that_does_not_fit(gradient):
    x = tg.Value(np.ones(3))
    with pytest.raises(BackwardError, match="must be real and have the same shape"):
        (x * 2).backward(gradient)
    assert x.grad is None


@pytest.mark.parametrize("wrong, message", [
    (lambda g, y, x: np.ones(5), r"gradient rule of twice for its input x returned shape \(5,\); the input has shape"),
    (lambda g, y, x: None, "gradient rule of twice for its input x returned None"),
    (lambda g, y, x: "text", "gradient rule of twice for its input x returned str"),
    (lambda g, y, x: g * 1j, "gradient rule of twice for its input x returned ndarray of dtype complex128"),
])
def test_a_rule_that_returns_no_gradient_is_named(wrong, message):
    @tg.primitive("2{x}", x=wrong)
    def twice(x):
        return 2 * x

    a, b = tg.Value(np.ones(3)), tg.Value(np.ones(3))
    y = twice(a) * b
    with pytest.raises(GradientRuleError, match=message):
        y.sum().backward()
    assert a.grad is None and b.grad is None and y.grad is None
    (a * b).sum().backward()  # nothing is left over from the pass that failed
    np.testing.assert_array_equal(a.grad, np.ones(3))


def test_an_error_inside_a_rule_says_which_rule_it_was():
    def rule(g, y, x):
        raise ZeroDivisionError("mine") if type(x) is np.float64 else ValueError("mine")

    @tg.primitive("f({x})", x=rule)
    def f(x):
        return x * 1.0

    with pytest.raises(ValueError, match="mine") as caught:
        f(tg.Value(np.ones(2))).sum().backward()
    assert caught.value.__notes__ == ["in the gradient rule of f for its input x"]


def test_a_rule_may_run_backward_itself_even_through_the_same_graph():
    x = tg.Value(np.ones(2))

    def rule(g, y, a):
        (x * x).sum().backward()
        return g

    @tg.primitive("f({a})", a=rule)
    def f(a):
        return a * 1.0

    y = x * 5
    f(y).sum().backward()
    np.testing.assert_array_equal(x.grad, [2 + 5, 2 + 5])
    np.testing.assert_array_equal(y.grad, [1, 1])


def test_a_graph_with_a_long_pause_between_its_nodes():
    x = tg.Value(2.0)
    y = x * x
    z = y * 3
    for _ in range(5_000):
        x * 1  # other Values, made in between
    old = tg.Value(1.0) * 4
    for _ in range(5_000):
        x * 1
    (z * y * old).backward()  # 12 x⁴
    assert x.grad == 12 * 4 * 2**3


def test_threads_that_share_a_leaf_lose_nothing():
    w = tg.Value(np.ones(10))

    def work():
        for _ in range(200):
            (w * 2.0).sum().backward()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(w.grad, np.full(10, 2.0 * 200 * 4))


def test_a_pass_within_a_rule_through_nodes_that_the_outer_pass_has_reached():
    x = tg.Value(np.ones(2))
    y = x * 3  # reached by the outer pass, with a share from f, before the inner one comes

    def rule(g, y_, a):
        (y * y).sum().backward()
        return g

    @tg.primitive("f({a})", a=rule)
    def f(a):
        return a * 1.0

    (y + f(y)).sum().backward()
    np.testing.assert_array_equal(x.grad, [2 * 3 * 3 + 6] * 2)  # (9x²)' = 18 from inside, 3 + 3 from outside


def test_a_computed_value_has_no_copy_and_a_leaf_has_one_of_its_own():
    x = tg.Value(3.0, name="x")
    for copying in (copy.copy, copy.deepcopy):
        with pytest.raises(OptionError, match=r"v.detach\(\)"):
            copying(x * x)
        y = copying(x)
        (x * y).backward()
        assert (x.grad, y.grad, y.name) == (3.0, 3.0, "x")
        x.grad = None


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer that interrupts")
def test_an_interrupted_pass_leaves_nothing_behind_that_makes_the_next_one_wrong():
    w = tg.Value(2.0)

    def cubed_many_times():
        return sum((w * w * w for _ in range(60)), tg.Value(0.0))

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for i in range(300):
            y = cubed_many_times()
            try:
                signal.setitimer(signal.ITIMER_REAL, 1e-6 + i * 1e-6)
                y.backward()
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                pass
            signal.setitimer(signal.ITIMER_REAL, 0)
            w.grad = None
            y = cubed_many_times()
            y.backward()
            assert w.grad == 60 * 12
            w.grad = None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
