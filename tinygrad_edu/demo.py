"""The demo: a network learns to read handwritten digits. Begin with `run`: it is the table of contents."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from tqdm import tqdm

import tinygrad_edu as tg
from tinygrad_edu import interop, plots
from tinygrad_edu.check import mlp_loss_and_gradients
from tinygrad_edu.errors import MissingDependencyError, RenderError
from tinygrad_edu.files import write_all_or_nothing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZES = [64, 128, 64, 10]  # one input per pixel, one output per digit
BATCH_SIZE = 32  # the products are then so small that no time is lost on sharing them out among threads
LEARNING_RATE = 0.005
NOISE = 0.4

FILES = ("model.npz", "loss.png", "digits.png", "graph.svg")


def run(out: Path, epochs: int, seed: int) -> bool:
    """Train, test and show a network, and write it and its pictures into the folder `out`, which must exist.

    Args:
        out: where to put the files named in `FILES`.
        epochs: how many times the network sees every training image, 1 or more.
        seed: 0 or more; the same seed gives the same network.

    Returns: whether the training came to its end; False if Ctrl-C ended it. Either way the network is tested
    and all files are written.
    """
    rng = np.random.default_rng(seed)  # all that is random below comes from here
    train, test = load_images(rng)
    print(f"{len(train.labels)} images of handwritten digits to learn from, {len(test.labels)} for the test")

    heading("The network")
    model = tg.nn.MLP(SIZES, activation="relu", rng=rng)
    print(model)

    heading("Its gradients: by the graph, and derived by hand")
    compare_gradients(model, Digits(train.images[:BATCH_SIZE], train.labels[:BATCH_SIZE]))

    heading("Training")
    start = perf_counter()
    history, finished = fit(model, train, test, epochs, rng)
    seconds = perf_counter() - start

    heading(f"What it learned in {seconds:.1f} s")
    for name, digits in (("train", train), ("test", test)):
        print(f"{name:5} accuracy  {evaluate(model, digits).accuracy:.2%} of {len(digits.labels)} images")

    heading(f"Files in {out}")
    save_model(model, out / "model.npz")
    draw(out / "loss.png", "the loss after each epoch", "plot", lambda path: draw_loss(history, path))
    draw(out / "digits.png", "test images, and what they are taken for", "plot",
         lambda path: draw_digits(model, test, path))
    draw(out / "graph.svg", "one neuron as a graph, with its gradients", "draw", draw_neuron)
    explain_loading(out / "model.npz")
    return finished


# ----- data -----

class Digits(NamedTuple):
    images: np.ndarray  # (n, 64), each pixel from -1 (no ink) to 1 (full of ink)
    labels: np.ndarray  # (n,), which digit each one is


def load_images(rng: np.random.Generator) -> tuple[Digits, Digits]:
    """The digits, split at random: three quarters to train on, a quarter for the test."""
    X, y = tg.data.load_digits()
    X = X / 8 - 1  # 0 to 16 becomes -1 to 1
    X_train, X_test, y_train, y_test = tg.data.train_test_split(X, y, test_size=0.25, stratify=y, rng=rng)
    return Digits(X_train, y_train), Digits(X_test, y_test)


# ----- the gradients -----

def compare_gradients(model: tg.nn.Module, batch: Digits, repeats: int = 100) -> None:
    """Print how far the engine's gradients are from those derived by hand, and how long each of them takes.

    A difference is relative to the largest element of the gradient.
    """
    names, parameters = zip(*model.named_parameters(), strict=True)
    loss_function = tg.nn.CrossEntropyLoss()

    def by_graph() -> list[np.ndarray]:
        for p in parameters:
            p.grad = None
        loss_function(model(batch.images), batch.labels).backward()
        return [p.grad for p in parameters]

    def by_hand() -> list[np.ndarray]:
        arrays = [p.data for p in parameters]
        _, gradients = mlp_loss_and_gradients(arrays, *batch, activation="relu", loss="cross_entropy")
        return gradients

    differences = [np.abs(ours - derived).max() / np.abs(derived).max()
                   for ours, derived in zip(by_graph(), by_hand(), strict=True)]
    print("parameter         shape        relative difference")
    for name, p, difference in zip(names, parameters, differences, strict=True):
        print(f"{name:15}   {p.shape!s:10}   {difference:19.1e}")
    print(f"the largest of them            {max(differences):19.1e}   (rounding: {np.finfo(float).eps:.1e})")

    graph, hand = median_times(by_graph, by_hand, repeats)
    print(f"\nOn {len(batch.labels)} images, loss and gradients take {graph * 1e6:.0f} us by the graph and\n"
          f"{hand * 1e6:.0f} us by hand: a ratio of {graph / hand:.2f} (medians of {repeats} runs each).")


def median_times(first: Callable, second: Callable, repeats: int) -> tuple[float, float]:
    """Seconds that each of the two takes. They take turns: a slow moment of the machine strikes both."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        first()
        middle = perf_counter()
        second()
        times.append((middle - start, perf_counter() - middle))
    return median(t for t, _ in times), median(t for _, t in times)


# ----- training -----

History = dict[str, list[float]]
"""The loss on the training and on the test images after each epoch."""


def fit(model: tg.nn.Module, train: Digits, test: Digits, epochs: int,
        rng: np.random.Generator) -> tuple[History, bool]:
    """Train the model; returns the losses, and whether all epochs were done before Ctrl-C."""
    history: History = {"train": [], "test": []}
    loss_function = tg.nn.CrossEntropyLoss()
    optimizer = tg.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    print("epoch   train loss   test loss   test accuracy")
    try:
        # disable=None shows the progress only in a terminal
        with tqdm(range(epochs), unit="epoch", mininterval=0, leave=False, disable=None) as progress:
            for epoch in progress:
                optimizer.lr = LEARNING_RATE * (1 - epoch / epochs)  # ever smaller steps, to come to rest
                for x, y in tg.data.batches(*train, batch_size=BATCH_SIZE, rng=rng):
                    x = x + NOISE * rng.normal(size=x.shape)  # so it never sees the same image twice
                    optimizer.zero_grad()
                    loss = loss_function(model(x), y)
                    loss.backward()
                    optimizer.step()
                report(model, train, test, history)
        return history, True
    except KeyboardInterrupt:
        print("\nCtrl-C: training ends here. What was learned so far is tested and saved.")
        report(model, train, test, history)
        return history, False


def report(model: tg.nn.Module, train: Digits, test: Digits, history: History) -> None:
    """Add the losses to the history, and print them as a row of the table."""
    on_train, on_test = evaluate(model, train), evaluate(model, test)
    history["train"].append(on_train.loss)
    history["test"].append(on_test.loss)
    row = f"{len(history['test']):5}   {on_train.loss:10.4f}   {on_test.loss:9.4f}   {on_test.accuracy:13.2%}"
    tqdm.write(row)  # print() would write into the progress bar


class Score(NamedTuple):
    loss: float
    accuracy: float  # the share of the images that are taken for what they are


def evaluate(model: tg.nn.Module, digits: Digits) -> Score:
    """How well the model does on these images."""
    with tg.no_grad():
        scores = model(digits.images)
        loss = tg.nn.CrossEntropyLoss()(scores, digits.labels)
    # the largest output says which digit it is
    return Score(loss.item(), float(np.mean(scores.argmax(axis=1) == digits.labels)))


# ----- files -----

def save_model(model: tg.nn.Module, path: Path) -> None:
    interop.save(path, model.state_dict())
    print(f"{path.name:10}   the parameters of the network")


def draw(path: Path, about: str, extra: str, write: Callable[[Path], None]) -> None:
    """Write a picture, or say why there is none and what to install."""
    try:
        write(path)
        print(f"{path.name:10}   {about}")
    except MissingDependencyError:
        print(f'{path.name:10}   not drawn, needs: python -m pip install "tinygrad_edu[{extra}]"')
    except RenderError as error:
        print(f"{path.name:10}   not drawn, {error}")


def draw_loss(history: History, path: Path) -> None:
    save_figure(plots.loss_curve(history), path)


def draw_digits(model: tg.nn.Module, test: Digits, path: Path, count: int = 40) -> None:
    """Some of the test images, with those that the model gets wrong first."""
    with tg.no_grad():
        predictions = model(test.images).argmax(axis=1)
    right = predictions == test.labels
    shown = np.argsort(right, kind="stable")[:count]  # False comes before True
    figure = plots.digit_grid(test.images[shown], predictions[shown], test.labels[shown])
    figure.suptitle(f"{right.sum()} of {len(right)} test images are read right; the wrong ones come first")
    save_figure(figure, path)


def save_figure(figure: "Figure", path: Path) -> None:
    file = BytesIO()
    figure.savefig(file, format=path.suffix[1:])
    write_all_or_nothing(path, file.getvalue())


def draw_neuron(path: Path) -> None:
    """A single neuron, y = tanh(w₁ x₁ + w₂ x₂ + b): small enough to follow every number."""
    x1, x2 = tg.Value(2.0, name="x₁"), tg.Value(-1.0, name="x₂")
    w1, w2 = tg.nn.Parameter(0.5, name="w₁"), tg.nn.Parameter(1.5, name="w₂")
    b = tg.nn.Parameter(1.0, name="b")
    y = tg.tanh(w1 * x1 + w2 * x2 + b)
    y.name = "y"
    y.backward()
    tg.draw(y).save(path)


def explain_loading(path: Path) -> None:
    print(f"""
To use the network again:

    import tinygrad_edu as tg
    from tinygrad_edu.interop import load

    model = tg.nn.MLP({SIZES}, activation="relu")
    model.load_state_dict(load({str(path)!r}))
    images, labels = tg.data.load_digits()
    print((model(images / 8 - 1).argmax(axis=1) == labels).mean())""")


def heading(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}")
