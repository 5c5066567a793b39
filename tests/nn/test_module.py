"""Module: what it is made of, by which names, how it is saved and loaded, shown and copied."""

import copy

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, BackwardError, MutationError, OptionError, StateError


class Affine(nn.Module):
    def __init__(self, size=3):
        self.scale = nn.Parameter(np.ones(size))
        self.shift = nn.Parameter(np.zeros(size))

    def forward(self, x):
        return self.scale * x + self.shift


class Everything(nn.Module):
    """Parameters and modules in all the ways a module may hold them, among things that are neither."""

    def __init__(self):
        self.gain = nn.Parameter(2.0)
        self.name = "not a parameter"
        self.constant = np.array([1.0, 2.0])
        self.layers = [nn.Linear(3, 2), nn.Tanh(), [nn.Linear(2, 2, bias=False)]]
        self.pair = (nn.Parameter([1.0, 2.0]), None, Affine(1))
        self.heads = {"left": nn.Linear(2, 1), 7: nn.Parameter([[3.0]])}

    def forward(self, x):
        return x


PATHS = ["gain", "layers.0.weight", "layers.0.bias", "layers.2.0.weight", "pair.0", "pair.2.scale",
         "pair.2.shift", "heads.left.weight", "heads.left.bias", "heads.7"]


# ----- names -----

def test_parameters_have_the_path_by_which_they_are_reached_as_name():
    model = Everything()
    assert [path for path, _ in model.named_parameters()] == PATHS
    assert [p.name for p in model.parameters()] == PATHS
    assert all(type(p) is nn.Parameter for p in model.parameters())


def test_modules_have_paths_too_and_the_root_has_the_empty_one():
    model = Everything()
    assert {path: type(module) for path, module in model.named_modules()} == {
        "": Everything, "layers.0": nn.Linear, "layers.1": nn.Tanh, "layers.2.0": nn.Linear, "pair.2": Affine,
        "heads.left": nn.Linear}
    assert dict(model.named_modules())["pair.2"] is model.pair[2]


def test_a_longer_path_replaces_the_name_and_a_shorter_one_does_not():
    inner = nn.Sequential(Affine())
    assert inner.layers[0].scale.name == "layers.0.scale"
    outer = nn.Sequential(nn.Tanh(), inner)
    assert inner.layers[0].scale.name == "layers.1.layers.0.scale"
    inner.parameters()
    repr(outer)
    assert inner.layers[0].scale.name == "layers.1.layers.0.scale"


def test_a_name_of_its_own_stays():
    affine = Affine()
    affine.scale = nn.Parameter([1.0], name="γ")
    model = nn.Sequential(affine)
    assert [(path, p.name) for path, p in model.named_parameters()] == [
        ("layers.0.scale", "γ"), ("layers.0.shift", "layers.0.shift")]


def test_what_is_appended_to_a_list_is_found_and_named():
    model = nn.Sequential(Affine())
    model.layers.append(nn.Linear(3, 1))
    assert [p.name for p in model.parameters()][2:] == ["layers.1.weight", "layers.1.bias"]


def test_messages_say_the_path_of_a_parameter():
    model = nn.Sequential(nn.Tanh(), Affine(3))
    with pytest.raises(ValueError, match=r"'layers\.1\.scale' \(3,\)"):
        model.layers[1].scale.data = np.ones(4)


# ----- sharing -----

def test_what_is_held_twice_counts_once_under_its_first_path():
    shared = nn.Linear(2, 2)
    model = nn.Sequential(shared, nn.Tanh(), shared)
    assert [path for path, _ in model.named_modules()] == ["", "layers.0", "layers.1"]
    assert [path for path, _ in model.named_parameters()] == ["layers.0.weight", "layers.0.bias"]
    assert [p.name for p in model.parameters()] == ["layers.0.weight", "layers.0.bias"]
    assert repr(model).startswith("Sequential(  # 6 parameters\n")


def test_a_shared_layer_gets_the_gradients_of_both_its_uses():
    shared = nn.Linear(2, 2, rng=0)
    twice, x = nn.Sequential(shared, shared), np.array([[1.0, -2.0], [0.5, 3.0]])
    twice(x).sum().backward()
    W, b = shared.weight.data, shared.bias.data
    # by hand: y = h Wᵀ + b with h = x Wᵀ + b, so dJ/dW = gᵀ h + (g W)ᵀ x with g = 1
    g, h = np.ones((2, 2)), x @ W.T + b
    np.testing.assert_allclose(shared.weight.grad, g.T @ h + (g @ W).T @ x, rtol=1e-14)
    np.testing.assert_allclose(shared.bias.grad, (g + g @ W).sum(axis=0), rtol=1e-14)


def test_a_shared_parameter_is_one():
    encoder, decoder = nn.Linear(3, 2, bias=False), nn.Linear(3, 2, bias=False)
    decoder.weight = encoder.weight
    model = nn.Sequential(encoder, decoder)
    assert model.parameters() == [encoder.weight]
    assert list(model.state_dict()) == ["layers.0.weight"]


def test_a_module_that_knows_its_owner_makes_no_endless_loop():
    model = nn.Sequential(Affine(2))
    model.layers[0].owner = model
    assert len(model.parameters()) == 2
    assert not model.eval().layers[0].training
    assert "owner: ..." in repr(model)


def test_two_parameters_of_one_path_are_refused():
    model = Affine()
    model.parts = {"1": nn.Parameter(1.0), 1: nn.Parameter(2.0)}
    with pytest.raises(ArgumentError, match=r"Affine.*two parameters or buffers have the path 'parts\.1'.*rename"):
        model.state_dict()
    assert repr(model).endswith("# 8 parameters")  # but it can be shown


# ----- attributes -----

@pytest.mark.parametrize("other", [tg.Value([1.0, 1.0, 1.0]), np.ones(3), 1.0, "x"], ids=repr)
def test_only_a_parameter_may_take_the_place_of_a_parameter(other):
    model = Affine()
    before = model.scale
    with pytest.raises(OptionError, match=r"Affine\.scale is a parameter.*assign to \.scale\.data"):
        model.scale = other
    assert model.scale is before


def test_a_new_parameter_or_none_may_take_its_place():
    model = Affine()
    model.scale = new = nn.Parameter([2.0])
    model.shift = None
    assert model.parameters() == [new]
    model.shift = 1.0
    assert model.shift == 1.0


@pytest.mark.parametrize("hold", [lambda v: v, lambda v: [v], lambda v: {"a": (v,)}], ids=["itself", "list", "dict"])
def test_a_plain_value_which_would_not_be_learned_is_refused(hold):
    model = Affine()
    with pytest.raises(OptionError, match=r"Affine: extra\S* is a plain Value, .* nn\.Parameter\(\.\.\.\) to be lea"):
        model.extra = hold(tg.Value(1.0))
    assert not hasattr(model, "extra")


def test_what_was_computed_may_be_kept():
    model = Affine()
    model.hidden = model(np.ones(3))
    with tg.no_grad():
        model.seen = [model(np.ones(3))]
    assert [path for path, _ in model.named_parameters()] == ["scale", "shift"]
    assert repr(model) == "Affine(scale (3,), shift (3,))  # 6 parameters"


# ----- buffers -----

class Counted(nn.Module):
    """A parameter, and in a list a buffer."""

    def __init__(self):
        self.scale = nn.Parameter([1.0, 2.0])
        self.seen = [nn.Buffer([0.0, 0.0, 0.0])]

    def forward(self, x):
        return self.scale * x + self.seen[0].data[0]


def test_buffers_have_paths_and_are_no_parameters():
    model = nn.Sequential(Counted())
    assert [path for path, _ in model.named_buffers()] == ["layers.0.seen.0"]
    assert [path for path, _ in model.named_parameters()] == ["layers.0.scale"]
    assert model.layers[0].seen[0].name == "layers.0.seen.0"
    assert repr(model[0]) == "Counted(scale (2,))  # 2 parameters"


def test_buffers_are_saved_and_loaded_with_the_parameters():
    model, other = nn.Sequential(Counted()), nn.Sequential(Counted())
    model[0].seen[0].data = [1.0, 2.0, 3.0]
    state = model.state_dict()
    assert list(state) == ["layers.0.scale", "layers.0.seen.0"]
    other.load_state_dict(state)
    np.testing.assert_array_equal(other[0].seen[0].data, [1.0, 2.0, 3.0])
    assert other[0].seen[0].data is not state["layers.0.seen.0"]


def test_a_state_without_a_buffer_or_with_one_of_another_shape_changes_nothing():
    model = Counted()
    with pytest.raises(StateError, match=r"'seen\.0' is missing"):
        model.load_state_dict({"scale": [5.0, 5.0]})
    with pytest.raises(StateError, match=r"'seen\.0' has shape \(2,\), but must have \(3,\)"):
        model.load_state_dict({"scale": [5.0, 5.0], "seen.0": [1.0, 1.0]})
    np.testing.assert_array_equal(model.scale.data, [1.0, 2.0])


def test_a_buffer_is_shared_and_copied_like_a_parameter():
    model = Counted()
    model.again = model.seen[0]
    assert list(model.state_dict()) == ["scale", "seen.0"]
    other = copy.deepcopy(model)
    assert type(other.seen[0]) is nn.Buffer and other.again is other.seen[0]
    other.again.data = np.ones(3)
    assert not model.again.data.any()


def test_only_a_buffer_may_take_the_place_of_a_buffer():
    model = nn.BatchNorm1d(2)
    before = model.running_mean
    with pytest.raises(OptionError, match=r"BatchNorm1d\.running_mean is a buffer; a ndarray in its place would not be "
                                          r"saved; assign to \.running_mean\.data, or make a new Buffer"):
        model.running_mean = np.zeros(2)
    assert model.running_mean is before


# ----- the lecture's matrices -----

def test_theta_is_the_matrix_of_the_lecture_with_the_bias_as_column_0():
    model = nn.Sequential(nn.Flatten(), nn.MLP([3, 4, 2], rng=0), nn.Tanh())
    model[1][0].bias.data, model[1][2].bias.data = np.arange(4.0), [5.0, 6.0]
    x = np.array([[1.0, -2.0, 0.5], [0.0, 0.3, 4.0]])
    a = np.column_stack([np.ones(2), x])  # by hand: forward propagation with the pseudo-variable x_0 = 1
    hidden = np.column_stack([np.ones(2), np.tanh(a @ model.theta(1).T)])
    np.testing.assert_allclose(np.tanh(hidden @ model.theta(2).T), model(x).data, rtol=1e-14)
    np.testing.assert_array_equal(model.theta(1)[:, 0], np.arange(4.0))
    np.testing.assert_array_equal(model.theta(2)[:, 1:], model[1][2].weight.data)


@pytest.mark.parametrize("bias", [True, False])
def test_theta_gradient_is_that_of_the_delta_rule(bias):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    model = nn.Sequential(nn.Linear(3, 2, bias=bias, rng=0))
    with pytest.raises(BackwardError, match=r"theta_gradient: linear layer 1 has no gradient yet; call J\.backward"):
        model.theta_gradient(1)
    nn.LeastSquaresLoss()(model(x), y).backward()
    with_1 = np.column_stack([np.ones(6), x])
    by_hand = (with_1 @ model.theta(1).T - y).T @ with_1 / 6  # dJ/dθ_ji = 1/n Σ (h_j - y_j) x_i
    if not bias:
        by_hand[:, 0] = 0
    np.testing.assert_allclose(model.theta_gradient(1), by_hand, rtol=1e-13)


def test_theta_is_a_copy_of_the_same_dtype():
    layer = nn.Linear(3, 2, dtype=np.float32)
    theta = layer.theta(1)
    assert theta.dtype == np.float32
    theta[:] = 7
    assert not (layer.theta(1) == 7).any()


def test_theta_without_a_bias_has_zeros_in_column_0():
    layer = nn.Linear(3, 2, bias=False, dtype=np.float32)
    np.testing.assert_array_equal(layer.theta(1), np.column_stack([[0, 0], layer.weight.data]))
    assert layer.theta(1).dtype == np.float32


def test_theta_says_which_layers_there_are():
    model = nn.MLP([2, 3, 1])
    for layer in 0, 3, -1:
        with pytest.raises(ArgumentError, match=rf"MLP\.theta: there is no linear layer {layer}; .* from 1 to 2"):
            model.theta(layer)
    with pytest.raises(ArgumentError, match=r"Tanh\.theta: there is no linear layer 1; there is none in this module"):
        nn.Tanh().theta(1)
    for layer in 1.0, True, "1", None:
        with pytest.raises(OptionError, match=r"MLP\.theta: l must be a whole number"):
            model.theta(layer)


# ----- calling -----

def test_a_module_is_called_like_its_forward():
    class Power(nn.Module):
        def forward(self, x, exponent=2, *, sign=1):
            return sign * x**exponent

    assert Power()(3.0) == 9.0
    assert Power()(3.0, 3) == 27.0
    assert Power()(x=3.0, exponent=3, sign=-1) == -27.0


def test_an_output_knows_the_modules_that_made_it_the_innermost_first():
    model = tg.nn.Sequential(tg.nn.Linear(2, 3), tg.nn.Tanh(), tg.nn.Dropout().eval())
    x = tg.Value(np.ones((1, 2)))
    hidden = model.layers[0](x)
    y = model(hidden[:, :2])
    assert [maker for maker, _ in hidden.note("calls", [])] == [model.layers[0]]
    (tanh, since_tanh), (whole, since_whole) = y.note("calls", [])
    assert (tanh, whole) == (model.layers[1], model)
    assert since_whole < y.inputs[0].time < since_tanh < y.time
    assert x.note("calls", None) is None


def test_a_module_that_returns_several_values_is_known_to_each():
    class Two(tg.nn.Module):
        def forward(self, x):
            return x + 1, x * 2

    model, x = Two(), tg.Value(1.0)
    assert all(y.note("calls", [])[0][0] is model for y in model(x))
    with tg.no_grad():
        assert all(y.note("calls", None) is None for y in model(x))


def test_a_module_without_forward_says_so():
    class Nothing(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match="Nothing has no forward; define"):
        Nothing()(1.0)


@pytest.mark.parametrize("layer", [nn.Lambda(lambda x: None), nn.Sequential(nn.Lambda(lambda x: None))], ids=repr)
def test_a_forward_that_returns_nothing_says_so(layer):
    with pytest.raises(OptionError, match=r"Lambda\.forward returned None: is a `return` missing\?"):
        layer(1.0)


# ----- training and evaluation -----

def test_train_and_eval_reach_all_modules_and_return_the_model():
    model = Everything()
    assert all(module.training for _, module in model.named_modules())
    assert model.eval() is model
    assert not any(module.training for _, module in model.named_modules())
    assert model.train() is model
    assert all(module.training for _, module in model.named_modules())
    assert nn.Tanh().training  # another module is as it was


def test_zero_grad_forgets_all_gradients():
    model = Affine()
    model(np.ones(3)).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


# ----- state -----

def test_a_state_comes_back_bit_for_bit():
    model, other = nn.MLP([3, 4, 2], rng=0), nn.MLP([3, 4, 2], rng=1)
    other.load_state_dict(model.state_dict())
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        assert p.data.tobytes() == q.data.tobytes()
        assert p.data is not q.data


def test_a_state_is_a_copy_on_the_way_out_and_on_the_way_in():
    model = Affine()
    state = model.state_dict()
    model.scale.data[0] = 5
    assert state["scale"][0] == 1
    model.load_state_dict(state)
    state["scale"][0] = 7
    assert model.scale.data[0] == 1


def test_numbers_and_lists_are_loaded_in_the_dtype_of_the_parameter():
    half = nn.Linear(2, 1, dtype=np.float16)
    half.load_state_dict({"weight": [[1, 0.1]], "bias": np.array([True])})
    assert half.weight.data.dtype == np.float16
    np.testing.assert_array_equal(half.weight.data, np.array([[1, 0.1]], np.float16))
    np.testing.assert_array_equal(half.bias.data, [1])
    model = Everything()
    model.load_state_dict(model.state_dict() | {"gain": 3})
    assert model.gain.data == 3.0 and type(model.gain.data) is float


def test_all_that_does_not_fit_is_in_one_message_and_nothing_is_changed():
    model = nn.Sequential(Affine(3), Affine(2), nn.Linear(2, 1))
    before = model.state_dict()
    state = {"layers.0.shift": np.ones(3), "layers.1.scale": np.ones(3), "layers.1.shift": np.ones(2) * 1j,
             "layers.2.weight": [[1.0], [2.0, 3.0]], "layers.2.bias": tg.Value([1.0]), "extra": np.ones(1)}
    with pytest.raises(StateError) as caught:
        model.load_state_dict(state)
    assert str(caught.value) == (
        "Sequential.load_state_dict: 'layers.0.scale' is missing; "
        "'layers.1.scale' has shape (3,), but must have (2,); "
        "'layers.1.shift' has dtype complex128, but must be real numbers; "
        "'layers.2.weight' is a list, but no array; 'layers.2.bias' is a Value, but no array; "
        "'extra' is unknown. Load the state of a module of the same form.")
    for path, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[path])


@pytest.mark.parametrize("state", [None, [1.0], "weights"], ids=repr)
def test_a_state_must_be_a_dict(state):
    with pytest.raises(StateError, match="expected a dict of arrays by path, got"):
        Affine().load_state_dict(state)


def test_a_graph_from_before_loading_is_stale():
    model = Affine()
    loss = (model.scale * model.scale).sum()
    model.load_state_dict({"scale": np.full(3, 2.0), "shift": np.zeros(3)})
    with pytest.raises(MutationError, match=r"'scale' \(3,\) was changed by Affine\.load_state_dict"):
        loss.backward()


def test_a_message_names_some_of_many_problems_and_where_the_state_is():
    model = nn.MLP([1] * 10)
    with pytest.raises(StateError, match=r"(; '[^;]* is missing){7}; and 11 more\. Load what is under 'net'\."):
        model.load_state_dict({"net": model.state_dict()})


# ----- copies -----

def test_a_deep_copy_has_parameters_of_its_own():
    model = nn.MLP([2, 3, 1], rng=0)
    optimizer = tg.optim.SGD(model.parameters(), lr=0.1)
    best = copy.deepcopy(model)
    x = np.ones((4, 2))
    before = best(x).numpy().copy()
    model(x).sum().backward()
    optimizer.step()
    np.testing.assert_array_equal(best(x).numpy(), before)
    assert (model(x).numpy() != before).all()
    assert [p.name for p in best.parameters()] == [p.name for p in model.parameters()]


# ----- repr -----

def test_the_repr_shows_what_is_inside_with_shapes_and_counts():
    assert repr(Affine()) == "Affine(scale (3,), shift (3,))  # 6 parameters"
    assert repr(nn.Tanh()) == "Tanh()"
    assert repr(nn.Linear(1, 1, bias=False)) == "Linear(1 -> 1, no bias)  # 1 parameter"
    assert repr(nn.Sequential()) == "Sequential()"
    assert [m.parameter_count() for m in (Affine(), nn.Tanh(), Everything())] == [6, 0, 21]
    assert repr(Everything()) == """Everything(  # 21 parameters
  gain: Parameter ()
  layers.0: Linear(3 -> 2)  # 8 parameters
  layers.1: Tanh()
  layers.2.0: Linear(2 -> 2, no bias)  # 4 parameters
  pair.0: Parameter (2,)
  pair.2: Affine(scale (1,), shift (1,))  # 2 parameters
  heads.left: Linear(2 -> 1)  # 3 parameters
  heads.7: Parameter (1, 1)
)"""
    assert repr(nn.Sequential(nn.Sequential(nn.Tanh()), nn.ReLU())) == """Sequential(
  layers.0: Sequential(
    layers.0: Tanh()
  )
  layers.1: ReLU()
)"""


def test_the_state_of_a_whole_training_is_recognised_and_its_part_for_the_model_can_be_loaded():
    model, other = nn.Linear(2, 1, rng=0), nn.Linear(2, 1, rng=1)
    state = {"counts.epoch": np.array(3), **{f"model.{name}": array for name, array in other.state_dict().items()}}
    with pytest.raises(StateError, match=r"of a whole training, as a training\.Checkpoint saves it.*name\[6:\]"):
        model.load_state_dict(state)
    model.load_state_dict({name[6:]: array for name, array in state.items() if name.startswith("model.")})
    np.testing.assert_array_equal(model.weight.data, other.weight.data)
