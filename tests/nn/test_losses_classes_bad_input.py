"""Losses of classes: what is no label, no probability and no option, and the cure."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, DtypeError, OptionError, ShapeError

each_loss = pytest.mark.parametrize("loss", [nn.CrossEntropyLoss, nn.NLLLoss])


@pytest.mark.parametrize("logits, labels", [
    ((5, 3), (4,)), ((5, 3), (5, 1)), ((5, 3), ()), ((), ()), ((0, 3), (0,)), ((5, 0), (5,))], ids=repr)
def test_labels_and_logits_must_fit(logits, labels):
    with pytest.raises((ShapeError, ArgumentError), match=r"(CrossEntropyLoss|cross_entropy): .*logits"):
        nn.CrossEntropyLoss()(tg.Value(np.ones(logits)), np.zeros(labels, int))


@pytest.mark.parametrize("labels", [[0.0, 1.0], [True, False], tg.Value([0.0, 1.0])], ids=repr)
def test_labels_are_integers(labels):
    with pytest.raises(DtypeError, match=r"cross_entropy: labels have dtype .*integers.* by labels\.astype\(int\)"):
        nn.CrossEntropyLoss()(tg.Value(np.ones((2, 3))), labels)


@pytest.mark.parametrize("labels", [[0, 3], [-1, 0], [0, 2**62], np.array([0, 2**64 - 1], "u8")], ids=repr)
def test_labels_are_classes(labels):
    with pytest.raises(ArgumentError, match=r"cross_entropy: there are labels from .*the 3 classes .*0 t"):
        nn.CrossEntropyLoss()(tg.Value(np.ones((2, 3))), labels)


@each_loss
@pytest.mark.parametrize("labels, cure", [
    ([1, 2, 3], "labels start at 0; subtract 1"), ([0, 3, 1], "make the model with 4 outputs"),
    ([0, -1, 1], "say so to the loss by ignore_index=-1"),
    ([[0], [1], [2]], r"pass the labels with \.ravel\(\)")], ids=repr)
def test_usual_mistakes_in_labels_come_with_the_cure(loss, labels, cure):
    with pytest.raises(ValueError, match=f"{cure}$"):
        loss()(tg.Value(np.full((3, 3), -1.0)), labels)


def test_labels_of_rows_with_a_1_are_their_places():
    with pytest.raises(ShapeError, match=r"NLLLoss: .*they are labels\.argmax\(axis=-1\)$"):
        nn.NLLLoss()(np.full((3, 3), -1.0), np.eye(3, dtype=int))


@pytest.mark.parametrize("labels", [[0, 0], [0, 1], [[0.0], [1.0]], [[0], [1]]], ids=repr)
def test_a_single_output_has_no_cross_entropy(labels):
    with pytest.raises(ShapeError, match=r"CrossEntropyLoss: .*\(2, 1\).*use BCEWithLogitsLoss, .* 2 outputs"):
        nn.CrossEntropyLoss()(tg.Value(np.zeros((2, 1))), labels)


def test_logits_are_real_numbers():
    with pytest.raises(DtypeError, match="CrossEntropyLoss: logits ha"):
        nn.CrossEntropyLoss()([["a", "b"]], [0])


@each_loss
@pytest.mark.parametrize("class_weights, error", [
    ([1.0, -1.0], ArgumentError), ([1.0, np.nan], ArgumentError), ([np.inf, 1.0], ArgumentError), (2.0, ShapeError),
    ([[1.0]], ShapeError), ([], ShapeError), (["a", "b"], DtypeError)], ids=repr)
def test_class_weights_are_numbers_of_0_or_more(loss, class_weights, error):
    with pytest.raises(error, match=f"{loss.__name__}: class_weights"):
        loss(class_weights)


@pytest.mark.parametrize("loss, target", [(nn.CrossEntropyLoss, [0, 1]), (nn.CrossEntropyLoss, np.eye(3)[:2]),
                                          (nn.NLLLoss, [0, 1])], ids=["labels", "probabilities", "NLLLoss"])
def test_there_is_a_weight_for_each_class(loss, target):
    with pytest.raises(ShapeError, match=rf"{loss.__name__}: class_weights has shape \(2,\).*is of 3 classes"):
        loss([1.0, 2.0])(np.log(np.full((2, 3), 1 / 3)), target)


@each_loss
@pytest.mark.parametrize("ignore_index", [1.0, "0", True, [0]], ids=repr)
def test_a_label_to_ignore_is_a_whole_number(loss, ignore_index):
    with pytest.raises(OptionError, match=f"{loss.__name__}: ignore_index must be a whole number"):
        loss(ignore_index=ignore_index)


@pytest.mark.parametrize("smoothing, error", [(-0.1, ArgumentError), (1.1, ArgumentError), (np.nan, ArgumentError),
                                              ("0.1", OptionError), (True, OptionError)], ids=repr)
def test_label_smoothing_is_a_share(smoothing, error):
    with pytest.raises(error, match="CrossEntropyLoss: label_smoothing must be a number from 0 to 1"):
        nn.CrossEntropyLoss(label_smoothing=smoothing)


@pytest.mark.parametrize("p, message", [
    ([[0.5, 0.6], [0.5, 0.5]], r"sum of 1.1, not 1; divide each row"), ([[1.5, -0.5]] * 2, "number 1.5, but must be"),
    ([[np.nan, 1.0]] * 2, "number nan"), ([[0, 1], [1, 1]], r"sum of 2, not 1; .*labels \(2,\)")], ids=repr)
def test_probabilities_are_from_0_to_1_and_make_1(p, message):
    with pytest.raises(ArgumentError, match=f"CrossEntropyLoss: .*{message}"):
        nn.CrossEntropyLoss()(tg.Value(np.zeros((2, 2))), p)


def test_probabilities_have_no_label_to_ignore():
    with pytest.raises(ArgumentError, match=r"CrossEntropyLoss: .*have no label to ignore"):
        nn.CrossEntropyLoss(ignore_index=0)(np.zeros((2, 2)), np.eye(2))


@pytest.mark.parametrize("loss", [nn.NLLLoss(), nn.KLDivLoss()], ids=["NLLLoss", "KLDivLoss"])
@pytest.mark.parametrize("scores", [[[2.0, -1.0]], [[0.25, 0.75]]], ids=["logits", "probabilities"])
def test_logarithms_of_probabilities_are_not_above_0(loss, scores):
    with pytest.raises(ArgumentError, match=r"prediction has the number .* logarithms of probabilities, 0 or less"):
        loss(tg.Value(scores), [1] if isinstance(loss, nn.NLLLoss) else [[0.0, 1.0]])


@pytest.mark.parametrize("scores, labels, error", [
    ((5, 3), (4,), ShapeError), ((5, 3), (5, 1), ShapeError), ((5, 3), (5, 3), ShapeError), ((5, 3), (), ShapeError),
    ((), (), ShapeError), ((0, 3), (0,), ShapeError), ((5, 0), (5,), ArgumentError)], ids=repr)
def test_labels_fit_logarithms(scores, labels, error):
    with pytest.raises(error, match="NLLLoss: "):
        nn.NLLLoss()(tg.Value(np.zeros(scores)), np.zeros(labels, int))


@each_loss
@pytest.mark.parametrize("labels, error", [
    ([0.0, 1.0], DtypeError), ([True, False], DtypeError), (tg.Value([0.0, 1.0]), DtypeError), ([0, 3], ArgumentError),
    ([-1, 0], ArgumentError), (["a", "b"], DtypeError), ([[0], [1, 2]], ShapeError)], ids=repr)
def test_labels_are_the_numbers_of_classes(loss, labels, error):
    for options in {}, {"ignore_index": -100}:
        with pytest.raises(error, match="labels"):
            loss(**options)(tg.Value(np.full((2, 3), -1.0)), labels)


@pytest.mark.parametrize("p, message", [([[0.5, 1.5]], "target has the number 1.5"), ([[np.nan, 1]], "target .* nan")])
def test_kl_divergence_is_from_probabilities(p, message):
    with pytest.raises(ArgumentError, match=f"KLDivLoss: {message}"):
        nn.KLDivLoss()(tg.Value([[-1.0, -1.0]]), p)
    with pytest.raises(ArgumentError, match=r"KLDivLoss: target has the number .* logarithms"):
        nn.KLDivLoss(log_target=True)(tg.Value([[-1.0, -1.0]]), [[0.5, 0.5]])
