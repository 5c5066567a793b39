"""Sequential, Residual and MLP: their order, seeds and choices per layer, and bad input."""

from itertools import pairwise

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, OptionError, ShapeError


def kinds(model):
    return [type(layer) for layer in model]


# ----- Sequential -----

def test_sequential_is_a_sequence_of_its_modules():
    first, second, third = nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)
    model = nn.Sequential(first, second, third)
    assert len(model) == 3
    assert model[0] is first and model[-1] is third
    assert list(model) == [first, second, third]
    hidden = model[:2]
    assert type(hidden) is nn.Sequential
    x = np.ones((4, 2))
    np.testing.assert_array_equal(third(hidden(x)).data, model(x).data)


def test_an_empty_sequential_gives_its_input():
    x = np.ones(2)
    assert nn.Sequential()(x) is x


def test_sequential_takes_modules_one_by_one():
    with pytest.raises(OptionError, match="layer 0 is a list, but must be a module; pass modules one by one"):
        nn.Sequential([nn.Tanh()])
    with pytest.raises(OptionError, match=r"layer 1 is the class Tanh; make one of it, as in Tanh\(\)"):
        nn.Sequential(nn.Linear(2, 1), nn.Tanh)
    with pytest.raises(OptionError, match=r"layer 0 is a function, .* a function as Lambda\(f\)"):
        nn.Sequential(lambda x: x)


# ----- Residual -----

def test_residual_adds_its_input_and_lets_the_gradient_pass():
    f = nn.Linear(3, 3, rng=0)
    rng = np.random.default_rng(1)
    x, g = tg.Value(rng.normal(size=(4, 3))), rng.normal(size=(4, 3))
    y = nn.Residual(f)(x)
    y.backward(g)
    W = f.weight.data  # by hand: y = x + x Wᵀ, so dJ/dx = g + g W
    np.testing.assert_allclose(y.data, x.data + x.data @ W.T, rtol=1e-14)
    np.testing.assert_allclose(x.grad, g + g @ W, rtol=1e-14)
    np.testing.assert_allclose(f.weight.grad, g.T @ x.data, rtol=1e-14)


def test_the_parameters_of_a_residual_module_are_found():
    model = nn.Residual(nn.Linear(3, 3))
    assert [path for path, _ in model.named_parameters()] == ["module.weight", "module.bias"]
    assert not model.eval().module.training


@pytest.mark.parametrize("size", [1, 2])
def test_residual_refuses_to_broadcast(size):
    with pytest.raises(ShapeError, match=rf"Residual: x has shape \(5, 4\), but Linear makes \(5, {size}\).*let"):
        nn.Residual(nn.Linear(4, size))(np.ones((5, 4)))


@pytest.mark.parametrize("module", [nn.Tanh, np.tanh, None, [nn.Tanh()]], ids=repr)
def test_residual_takes_a_module(module):
    with pytest.raises(OptionError, match="Residual: module is"):
        nn.Residual(module)


# ----- MLP: its layers -----

def test_an_mlp_has_an_activation_between_its_layers_and_none_at_its_end():
    assert kinds(nn.MLP([2, 3, 3, 1], "relu")) == [nn.Linear, nn.ReLU, nn.Linear, nn.ReLU, nn.Linear]
    assert kinds(nn.MLP([2, 1])) == [nn.Linear]
    assert kinds(nn.MLP(np.array([2, 3, 1]))) == [nn.Linear, nn.Tanh, nn.Linear]


def test_each_hidden_layer_may_have_an_activation_of_its_own():
    own = nn.Lambda(np.sin)
    model = nn.MLP([2, 3, 4, 3, 1], ["relu", own, "tanh"], rng=0)
    assert kinds(model) == [nn.Linear, nn.ReLU, nn.Linear, nn.Lambda, nn.Linear, nn.Tanh, nn.Linear]
    assert model[3] is own
    a = np.ones((1, 2))
    for layer, function in zip(model[::2], [lambda z: np.maximum(z, 0), np.sin, np.tanh, lambda z: z], strict=True):
        a = function(a @ layer.weight.data.T + layer.bias.data)
    np.testing.assert_allclose(model(np.ones((1, 2))).data, a, rtol=1e-14)


def test_each_hidden_layer_gets_a_copy_of_a_single_activation():
    elu = nn.ELU(alpha=0.5)
    model = nn.MLP([2, 4, 4, 1], elu, rng=0)
    assert repr(model[1]) == repr(model[3]) == "ELU(alpha=0.5)"
    assert len({id(elu), id(model[1]), id(model[3])}) == 3
    np.testing.assert_array_equal(model[0].weight.data, nn.MLP([2, 4, 4, 1], "elu", rng=0)[0].weight.data)


@pytest.mark.parametrize("activation", nn.activations.ACTIVATIONS)
def test_an_mlp_knows_every_activation_by_name(activation):
    model = nn.MLP([2, 3, 1], activation)
    assert type(model[1]) is nn.activations.ACTIVATIONS[activation]
    assert model(np.ones((5, 2))).shape == (5, 1)


def test_dropout_comes_after_each_activation_and_batch_norm_before():
    assert kinds(nn.MLP([2, 3, 3, 1], dropout=0.3)) == [
        nn.Linear, nn.Tanh, nn.Dropout, nn.Linear, nn.Tanh, nn.Dropout, nn.Linear]
    model = nn.MLP([2, 3, 1], dropout=0.3, batch_norm=True, dtype=np.float32)
    assert kinds(model) == [nn.Linear, nn.BatchNorm1d, nn.Tanh, nn.Dropout, nn.Linear]
    assert model[3].p == 0.3
    assert model[0].bias is None and model[4].bias is not None  # β of the batch norm is the bias of the first
    y = model(np.ones((4, 2), np.float32))
    assert y.dtype == np.float32
    assert {array.dtype for array in model.state_dict().values()} == {np.dtype(np.float32)}


# ----- MLP: how it starts -----

@pytest.mark.parametrize("activation, init", [
    ("tanh", nn.init.xavier_uniform), ("sigmoid", nn.init.xavier_uniform), ("identity", nn.init.xavier_uniform),
    ("relu", nn.init.he_uniform), ("leaky_relu", nn.init.he_uniform), ("selu", nn.init.lecun_normal)])
def test_an_mlp_draws_the_weights_of_all_layers_from_one_generator(activation, init):
    rng = np.random.default_rng(3)
    first, second, third = init((5, 5), rng), init((5, 5), rng), init((2, 5), rng)
    model = nn.MLP([5, 5, 5, 2], activation, rng=3)
    state = model.state_dict()
    np.testing.assert_array_equal(state["layers.0.weight"], first)
    np.testing.assert_array_equal(state["layers.2.weight"], second)
    np.testing.assert_array_equal(state["layers.4.weight"], third)
    assert (first != second).any()  # though both have one shape and one seed


def weights(model):
    return [layer.weight.data for layer in model if isinstance(layer, nn.Linear)]


def expected_weights(sizes, inits):
    rng = np.random.default_rng(3)
    return [init((n, m), rng) for (m, n), init in zip(pairwise(sizes), inits, strict=True)]


@pytest.mark.parametrize("activations, init, expected", [
    (["relu", "tanh"], None, [nn.init.he_uniform, nn.init.xavier_uniform, nn.init.xavier_uniform]),
    (["tanh", nn.ReLU()], None, [nn.init.xavier_uniform, nn.init.he_uniform, nn.init.he_uniform]),
    ("tanh", nn.init.lecun_normal, [nn.init.lecun_normal] * 3),
    ("tanh", [nn.init.he_normal, nn.init.lecun_uniform, nn.init.zeros],
     [nn.init.he_normal, nn.init.lecun_uniform, nn.init.zeros])])
def test_each_layer_starts_as_suits_its_activation_or_as_it_is_told(activations, init, expected):
    sizes = [4, 4, 3, 2]
    for ours, theirs in zip(weights(nn.MLP(sizes, activations, rng=3, init=init)), expected_weights(sizes, expected),
                            strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_dropouts_of_one_seed_do_not_drop_alike():
    model = nn.MLP([2, 50, 50, 1], dropout=0.5, rng=0)
    x = np.ones(50)
    assert (model[2](x) != model[5](x)).any()
    again = nn.MLP([2, 50, 50, 1], dropout=0.5, rng=0)
    np.testing.assert_array_equal(again(np.ones((3, 2))).data,
                                  nn.MLP([2, 50, 50, 1], dropout=0.5, rng=0)(np.ones((3, 2))).data)


# ----- MLP: bad input -----

@pytest.mark.parametrize("sizes, error", [
    ([], ArgumentError), ([3], ArgumentError), (3, OptionError), ("23", OptionError), (None, OptionError),
    ({2: 3, 3: 1}, OptionError)], ids=repr)
def test_an_mlp_needs_a_list_of_at_least_two_sizes(sizes, error):
    with pytest.raises(error, match="MLP: sizes must be"):
        nn.MLP(sizes)


@pytest.mark.parametrize("sizes, error", [([2, 0, 1], ArgumentError), ([2, -3, 1], ArgumentError),
                                          ([2, 3.0, 1], OptionError)], ids=repr)
def test_the_sizes_of_an_mlp_are_whole_numbers_of_1_or_more(sizes, error):
    with pytest.raises(error, match="out_features must be"):
        nn.MLP(sizes)


@pytest.mark.parametrize("sizes", [[2, 1], [2, 3, 1]], ids=repr)
@pytest.mark.parametrize("activation, error, message", [
    ("Tanh", ArgumentError, "must be one of .*'tanh', 'relu', .*, or a module, got 'Tanh'"),
    (["swish"], ArgumentError, "must be one of .*'tanh', 'relu', .*, or a module, got 'swish'"),
    (nn.Tanh, OptionError, r"is the class Tanh; make one of it, as in Tanh\(\)"),
    ([nn.Tanh], OptionError, r"is the class Tanh; make one of it, as in Tanh\(\)"),
    (np.tanh, OptionError, r"is a ufunc, .* such as nn\.ELU.*; a function as nn\.Lambda\(f\)"),
    (None, OptionError, "is a NoneType, .* or a name, such as 'relu'")], ids=repr)
def test_an_mlp_says_which_activations_there_are(sizes, activation, error, message):
    with pytest.raises(error, match=f"MLP: activation {message}"):
        nn.MLP(sizes, activation)


@pytest.mark.parametrize("sizes, activation", [([2, 1], ["tanh"]), ([2, 3, 1], []), ([2, 3, 1], ["tanh"] * 2)])
def test_an_mlp_says_how_many_activations_it_needs(sizes, activation):
    with pytest.raises(ArgumentError, match=r"MLP: activation must be a list of [01], one for each hidden layer, got"):
        nn.MLP(sizes, activation)


def test_an_mlp_says_which_initialisations_it_needs():
    with pytest.raises(ArgumentError, match="MLP: init must be a list of 2, one for each linear layer, got 1"):
        nn.MLP([2, 3, 1], init=[nn.init.zeros])
    for init in "zeros", [nn.init.zeros, None], 0:
        with pytest.raises(OptionError, match=r"MLP: init must be a function, such as nn\.init\.he_normal"):
            nn.MLP([2, 3, 1], init=init)


@pytest.mark.parametrize("sizes", [[2, 1], [2, 3, 1]], ids=repr)
@pytest.mark.parametrize("p, error", [(1.0, ArgumentError), (-0.1, ArgumentError), (np.nan, ArgumentError),
                                      ("half", OptionError), (None, OptionError)], ids=repr)
def test_an_mlp_refuses_to_drop_everything(sizes, p, error):
    with pytest.raises(error, match="Dropout: p must be a probability from 0 to below 1"):
        nn.MLP(sizes, dropout=p)
