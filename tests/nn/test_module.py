"""Module: what it is made of, by which names, how it is called and shown."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.nn.modules import Affine, Everything
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, OptionError, StateError

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
