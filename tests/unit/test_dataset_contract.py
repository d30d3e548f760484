"""What a data set may return: converted where nothing is lost, else refused by its key."""

import sys
import types

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from normscape import datasets
from normscape.training import tensors


@pytest.fixture
def returned(monkeypatch):
    """returned(data, kind): ``datasets.load`` of a data set whose load returns ``data``."""

    def load(data, kind="images"):
        module = types.ModuleType("normscape.datasets.made_up")
        module.load = data if callable(data) else lambda: data
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(datasets, "_kind", lambda name: kind)
        return datasets.load("made_up", {})

    return load


def images(**changes):
    draws = torch.Generator().manual_seed(0)
    data = {
        "train_inputs": torch.randn(12, 8, 6, 3, generator=draws),
        "train_targets": torch.arange(12) % 3,
        "test_inputs": torch.randn(6, 8, 6, 3, generator=draws),
        "test_targets": torch.arange(6) % 3,
    }
    data |= changes
    return {key: value for key, value in data.items() if value is not None}


def raw(**changes):
    pixels = np.random.default_rng(0).integers(0, 256, (18, 8, 6, 3), np.uint8)
    moments = {"mean": np.full(3, 127.5), "deviation": np.full(3, 73.0)}
    parts = {"train_inputs": pixels[:12], "test_inputs": pixels[12:]}
    return images(**(parts | moments | changes))


def vectors(**changes):
    draws = torch.Generator().manual_seed(0)
    data = {
        name: torch.randn(9, 4, generator=draws)
        for name in ("train_inputs", "train_targets")
    }
    return data | changes


def is_same(data, other):
    return data.keys() == other.keys() and all(
        data[key].dtype == other[key].dtype and torch.equal(data[key], other[key])
        for key in data
    )


def refused(returned, key, data, kind="images"):
    with pytest.raises(ValueError, match=f"^data set made_up: {key}: ") as error:
        returned(data, kind)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def test_right_tensors_stay_as_they_are(returned):
    assert is_same(returned(images()), images())
    assert is_same(returned(vectors(), "vectors"), vectors())
    data = returned(raw())
    assert data["train_inputs"].dtype == torch.uint8
    assert data["mean"].dtype == torch.float32


FORMS = {
    "array": lambda t: t.numpy(),
    "big-endian array": lambda t: t.numpy().astype(t.numpy().dtype.newbyteorder(">")),
    "reversed array": lambda t: t.numpy()[::-1].copy()[::-1],
    "read-only array": lambda t: np.frombuffer(
        t.numpy().tobytes(), t.numpy().dtype
    ).reshape(t.shape),
    "fortran array": lambda t: np.asfortranarray(t.numpy()),
    "strided": lambda t: torch.stack([t, t], -1)[..., 0],
    "parameter": lambda t: t.clone().requires_grad_() if t.is_floating_point() else t,
}


@pytest.mark.parametrize("form", FORMS)
def test_tensors_and_arrays_of_any_memory(returned, form, tmp_path):
    data = returned({key: FORMS[form](value) for key, value in images().items()})
    assert is_same(data, images())
    assert all(tensor.is_contiguous() for tensor in data.values())
    assert not any(tensor.requires_grad for tensor in data.values())
    tensors.save(tmp_path / "data", data)
    assert is_same(tensors.load(tmp_path / "data")[0], images())


@pytest.mark.parametrize("start", [0, 3, 12])
def test_parts_may_be_views_of_one_tensor(returned, start, tmp_path):
    inputs, targets = torch.randn(18, 4, 4, 1), torch.arange(18) % 3
    data = {"train_inputs": inputs[:12], "train_targets": targets[:12]}
    data |= {"test_inputs": inputs[start:], "test_targets": targets[start:]}
    tensors.save(tmp_path / "data", returned(data))
    assert is_same(tensors.load(tmp_path / "data")[0], data)


@given(dtype=st.sampled_from([*"bBhHiIlLqQ", ">i2", ">u4", "<i8"]))
@settings(deadline=None)
def test_labels_of_any_integer_type(dtype):
    labels = (np.arange(12) % 3).astype(dtype)
    data = datasets._contract.conform(images(train_targets=labels), "images")
    assert is_same(data, images())


@pytest.mark.parametrize("dtype", ["f2", "f8", ">f4"])
def test_floats_of_any_type(returned, dtype):
    values = images()["train_inputs"].numpy().astype(dtype)
    data = returned(images(train_inputs=values))
    expected = torch.from_numpy(values.astype("f4"))
    assert torch.equal(data["train_inputs"], expected)


@given(
    order=st.sampled_from(["nhwc", "nchw"]),
    channels=st.sampled_from([1, 2, 3, 4, 5, 13]),
    height=st.integers(14, 64),
    width=st.integers(14, 64),
)
@settings(deadline=None)
def test_the_place_of_channels(order, channels, height, width):
    shape = (height, width, channels)
    if order == "nchw":
        shape = (channels, height, width)
    data = images(
        train_inputs=torch.zeros(12, *shape), test_inputs=torch.zeros(6, *shape)
    )
    if order == "nhwc":
        assert datasets._contract.conform(data, "images")
        return
    with pytest.raises(ValueError, match=r"^train_inputs: .*permute"):
        datasets._contract.conform(data, "images")


@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (1, 1, 3), (2, 2, 2), (4, 4, 8), (1, 9, 1)]
)
def test_small_images_are_fine(returned, shape):
    parts = {"train_inputs": torch.zeros(12, *shape)}
    parts["test_inputs"] = torch.zeros(6, *shape)
    assert returned(images(**parts))["train_inputs"].shape == (12, *shape)


LABELS = images()["train_targets"]
ONES = torch.ones(12, 8, 6, 3)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        # Keys and types.
        *((key, None) for key in images()),
        ("valid_inputs", ONES),
        ("train_input", ONES),
        ("train_inputs", ONES.tolist()),
        ("train_inputs", np.array(["a"] * 12)),
        ("train_inputs", np.array([None] * 12)),
        ("train_inputs", ONES.to_sparse()),
        ("train_inputs", ONES.to("meta")),
        ("train_inputs", ONES.long()),
        ("train_inputs", ONES.bool()),
        ("train_inputs", ONES.to(torch.complex64)),
        # Shapes.
        ("train_inputs", ONES[0]),
        ("train_inputs", ONES[..., 0]),
        ("train_inputs", ONES.flatten(1)),
        ("train_inputs", ONES[:, None]),
        ("train_inputs", ONES[:0]),
        ("train_inputs", ONES[..., :0]),
        ("train_inputs", torch.tensor(1.0)),
        ("test_inputs", ONES[:6, :4]),
        ("test_inputs", ONES[:6, ..., :1]),
        ("test_inputs", ONES[:0]),
        ("test_inputs", ONES[:6].byte()),
        # Values.
        ("train_inputs", ONES / 0),
        ("test_inputs", ONES * float("nan")),
        ("train_inputs", ONES.double() * 1e300),
        # Labels.
        ("train_targets", LABELS[:-1]),
        ("train_targets", LABELS[:0]),
        ("train_targets", LABELS[:, None]),
        ("train_targets", torch.nn.functional.one_hot(LABELS)),
        ("train_targets", torch.nn.functional.one_hot(LABELS).float()),
        ("train_targets", LABELS.float()),
        ("train_targets", LABELS[:, None, None]),
        ("train_targets", torch.tensor(1)),
        ("train_targets", LABELS + 1),
        ("train_targets", LABELS - 1),
        ("train_targets", LABELS * 2),
        ("train_targets", LABELS * 10**12),
        ("train_targets", LABELS * 0),
        ("test_targets", torch.arange(6) % 3 + 1),
        ("test_targets", torch.arange(6) % 3 - 1),
        ("test_targets", torch.arange(5) % 3),
        # Moments are of raw images only.
        ("mean", torch.zeros(3)),
        ("deviation", torch.ones(3)),
    ],
)
def test_what_is_refused_is_named(returned, key, value):
    refused(returned, key, images(**{key: value}))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mean", None),
        ("deviation", None),
        ("mean", np.array(127.5)),
        ("mean", np.ones(4)),
        ("mean", np.array([1.0, np.nan, 1.0])),
        ("mean", np.array([127, 127, 127])),
        ("mean", np.full(3, 0.49)),  # in units of 0 to 1
        ("deviation", np.array([70.0, 0.0, 70.0])),
        ("deviation", np.array([70.0, -1.0, 70.0])),
        ("deviation", [70.0, 70.0, 70.0]),
        ("train_inputs", raw()["train_inputs"][..., 0]),
        ("train_inputs", raw()["train_inputs"].transpose(0, 3, 1, 2).repeat(4, 3)),
        ("test_inputs", raw()["test_inputs"] / 255),
    ],
)
def test_raw_images_need_their_moments(returned, key, value):
    refused(returned, key, raw(**{key: value}))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("train_inputs", torch.ones(9)),
        ("train_inputs", torch.ones(9, 2, 2)),
        ("train_inputs", torch.ones(9, 4).long()),
        ("train_inputs", torch.full((9, 4), float("inf"))),
        ("train_targets", torch.ones(8, 4)),
        ("train_targets", torch.ones(9, 4).byte()),
        ("train_targets", torch.ones(9)),
        ("test_inputs", torch.ones(9, 4)),
    ],
)
def test_vectors_that_are_refused(returned, key, value):
    refused(returned, key, vectors(**{key: value}), "vectors")


@pytest.mark.parametrize("value", [None, [1], (ONES, LABELS), "text", ONES])
def test_something_else_than_a_dictionary(returned, value):
    refused(returned, "load", value)


def test_notes_come_with_the_name(returned):
    assert returned(images(notes=["two are left out"]))["notes"] == [
        "made_up: two are left out"
    ]
    assert "notes" not in returned(images(notes=[]))


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(2, "No such file or directory", "idx/a.gz"),
        ValueError("cut\nshort"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    ],
)
def test_what_a_data_set_cannot_read_is_one_line(returned, error):
    def load():
        raise error

    with pytest.raises(ValueError, match="^data set made_up: ") as raised:
        returned(load)
    assert len(str(raised.value).splitlines()) == 1


def test_mistakes_in_its_code_keep_their_traceback(returned):
    def load():
        return {}["missing"]

    with pytest.raises(KeyError):
        returned(load)
