"""Digits, plain and scattered, against what they are made of."""

import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

from normscape import components, datasets

SETTINGS = components.defaults("datasets", "scattered_digits")
SMALL = SETTINGS | {"training_images": 200, "test_images": 50}


def scattered(**changes):
    return datasets.load("scattered_digits", SMALL | changes)


def enlarged(side):
    images = torch.from_numpy(load_digits().images).float()[:, None] / 16
    return F.interpolate(images, size=(side, side), mode="bilinear")[:, 0]


def test_digits_are_split_once():
    data = datasets.load("digits", {"side": 8})
    assert data["train_inputs"].shape == (1500, 8, 8, 1)
    assert data["test_inputs"].shape == (297, 8, 8, 1)
    assert abs(float(data["train_inputs"].mean())) < 1e-5
    assert float(data["train_inputs"].std()) == pytest.approx(1, abs=1e-5)
    images = {i.numpy().tobytes() for i in data["train_inputs"]}
    assert not images & {i.numpy().tobytes() for i in data["test_inputs"]}


def test_each_image_is_one_digit_of_its_part_at_a_random_place():
    data = scattered(noise=0.0)
    digits, labels = enlarged(12), torch.from_numpy(load_digits().target)
    shown = {}
    for part, count in (("train", 200), ("test", 50)):
        images = data[f"{part}_inputs"][..., 0]
        assert images.shape == (count, 16, 16)
        canvas = images - images.min()  # the ground is the smallest value
        canvas = canvas / canvas.max()
        places, actual = set(), []
        for image, label in zip(canvas, data[f"{part}_targets"], strict=True):
            windows = image.unfold(0, 12, 1).unfold(1, 12, 1).flatten(0, 1)
            distance = torch.cdist(windows.flatten(1), digits.flatten(1))
            place, digit = divmod(int(distance.argmin()), len(digits))
            assert float(distance.min()) < 0.05
            outside = image.sum() - windows[place].sum()
            assert abs(float(outside)) < 1e-3
            assert labels[digit] == label
            places.add(place)
            actual.append(digit)
        assert len(places) > 20  # of 25
        shown[part] = set(actual)
    assert not shown["train"] & shown["test"]


def test_noise_is_as_declared():
    plain, noisy = scattered(noise=0.0), scattered(noise=0.3)
    scale = [data["train_inputs"].std() for data in (plain, noisy)]
    assert scale == pytest.approx([1, 1], abs=1e-5)
    # On the ground, where there is nothing but noise, in units of a digit's largest value.
    ground = plain["train_inputs"] == plain["train_inputs"].min()
    values = noisy["train_inputs"][ground]
    digits = plain["train_inputs"].max() - plain["train_inputs"].min()
    unit = 0.3 / float(values.std())
    spread = float(noisy["train_inputs"].max() - noisy["train_inputs"].min()) * unit
    assert spread == pytest.approx(1 + 2 * 4 * 0.3, rel=0.2)
    assert float(digits) > 0
    # Digits are the same whatever the noise.
    assert torch.equal(plain["train_targets"], noisy["train_targets"])


def test_it_repeats():
    assert all(
        torch.equal(a, b)
        for a, b in zip(scattered().values(), scattered().values(), strict=True)
    )


def test_a_digit_that_does_not_fit():
    with pytest.raises(ValueError, match="digit_side: .*16.*17"):
        scattered(digit_side=17)
