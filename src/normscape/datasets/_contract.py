"""The contract of a data set (``normscape.datasets``): converted where nothing is lost."""

import numpy as np
import torch

_SETS = {"images": ("train", "test"), "vectors": ("train",)}
_MOMENTS = ("mean", "deviation")


def conform(data: object, kind: str) -> dict[str, torch.Tensor]:
    """What a data set returned, without its notes, as tensors that share no memory.

    kind : "images" or "vectors". A ValueError of one line names the key, what was
    expected and what was got.
    """
    sets = _SETS[kind]
    _check_keys(data, kind)
    data = {key: _tensor(key, value) for key, value in data.items()}
    convert_inputs, convert_targets = {
        "images": (_images, _labels),
        "vectors": (_vectors, _vectors),
    }[kind]
    for name in sets:
        inputs, targets = f"{name}_inputs", f"{name}_targets"
        data[inputs] = convert_inputs(inputs, data[inputs])
        data[targets] = convert_targets(targets, data[targets])
        counts = len(data[inputs]), len(data[targets])
        if counts[0] != counts[1]:
            _refuse(targets, f"{counts[0]} targets, one per sample", counts[1])
    if kind == "images":
        _check_test_set(data)
        _check_classes(data)
        _check_moments(data)
    # Copies: views of one tensor cannot be saved, and need not be contiguous.
    return {
        key: tensor.clone(memory_format=torch.contiguous_format)
        for key, tensor in data.items()
    }


def check_notes(notes: object) -> None:
    """Notes are a list of strings."""
    if not isinstance(notes, list) or not all(isinstance(note, str) for note in notes):
        _refuse("notes", "a list of strings", repr(notes)[:60])


def _refuse(key, expected, got, advice=None):
    raise ValueError(
        f"{key}: expected {expected}, got {got}" + (f"; {advice}" if advice else "")
    )


def _check_keys(data, kind):
    if not isinstance(data, dict):
        _refuse("load", "a dictionary of tensors", type(data).__name__)
    required = [f"{n}_{what}" for n in _SETS[kind] for what in ("inputs", "targets")]
    for key in required:
        if key not in data:
            _refuse(key, "a tensor", "nothing", "add it to what load returns")
    known = [*required, *(_MOMENTS if kind == "images" else [])]
    for key in data.keys() - known:
        expected = f"the keys {', '.join(known)} or notes"
        _refuse(key, expected, repr(key), "rename or remove it")


def _tensor(key, value) -> torch.Tensor:
    if isinstance(value, np.ma.MaskedArray):
        advice = "fill it: value.filled()"
        _refuse(key, "an array without a mask", "a masked one", advice)
    if isinstance(value, np.ndarray):
        try:
            # PyTorch takes no other order of bytes, no negative strides, no read-only
            # memory, and one of two types of a size: by its name, as "u8".
            value = torch.from_numpy(value.astype(value.dtype.str.lstrip("<>|=")))
        except TypeError:
            _refuse(key, "numbers", f"an array of {value.dtype}", "convert them")
    if not isinstance(value, torch.Tensor):
        _refuse(key, "a tensor or NumPy array", type(value).__name__, "convert it")
    is_dense = value.layout == torch.strided
    if not is_dense or value.is_quantized or value.is_meta or value.is_nested:
        _refuse(key, "a dense tensor", f"one of layout {value.layout}", "densify it")
    return value.detach().cpu()


def _images(key, images):
    shape = tuple(images.shape)
    advice = None
    if images.dim() != 4:
        advice = "reshape it"
        if images.dim() == 3:
            advice = "add a channel: images[..., None]"
    # More channels than four differ from channels that come first by their sizes alone.
    elif shape[3] > 4 and shape[1] < min(shape[2], shape[3]):
        advice = "put channels last: images.permute(0, 2, 3, 1)"
    if advice:
        _refuse(key, "shape (count, height, width, channels)", shape, advice)
    if images.dtype == torch.uint8:
        _check_not_empty(key, images)
        return images
    advice = "use standardised float32, or uint8 with mean and deviation"
    return _floats(key, images, "float32 or uint8", advice)


def _vectors(key, vectors):
    if vectors.dim() != 2:
        _refuse(key, "shape (count, features)", tuple(vectors.shape), "reshape it")
    return _floats(key, vectors, "float32", "convert it with .float()")


def _floats(key, tensor, expected, advice):
    _check_not_empty(key, tensor)
    if not tensor.is_floating_point():
        _refuse(key, expected, tensor.dtype, advice)
    tensor = tensor.float()
    finite = tensor.isfinite().flatten(1).all(1)
    if not finite.all():
        index = int(finite.int().argmin())
        expected = "finite numbers within float32"
        _refuse(key, expected, f"others at index {index}", "remove or replace them")
    return tensor


def _check_not_empty(key, tensor):
    if not tensor.numel():
        _refuse(key, "at least one sample", f"shape {tuple(tensor.shape)}")


def _labels(key, labels):
    if labels.dim() != 1:
        shape, advice = tuple(labels.shape), "reshape it"
        if labels.dim() == 2:
            advice = "if it is one-hot, use labels.argmax(1)"
            advice = "use labels[:, 0]" if shape[1] == 1 else advice
        _refuse(key, "shape (count,)", shape, advice)
    if labels.is_floating_point() or labels.is_complex():
        _refuse(key, "integers", labels.dtype, "convert them with .long()")
    return labels.long()


def _check_classes(data):
    """Labels of the training set are 0, 1, ...; the test set has no others."""
    key, labels = "train_targets", data["train_targets"].unique().tolist()
    if len(labels) == 1:
        _refuse(key, "two classes or more", f"only the label {labels[0]}")
    if labels != list(range(len(labels))):
        got = f"{len(labels)} labels from {labels[0]} to {labels[-1]}"
        advice = "renumber them: numpy.unique(labels, return_inverse=True)"
        advice = "subtract 1" if labels == list(range(1, len(labels) + 1)) else advice
        _refuse(key, "labels from 0 up without gaps", got, advice)
    for label in data["test_targets"].unique().tolist():
        if not 0 <= label < len(labels):
            expected = f"labels from 0 to {len(labels) - 1}, as in train_targets"
            _refuse("test_targets", expected, label)


def _check_test_set(data):
    train, test = data["train_inputs"], data["test_inputs"]
    for expected, got in (
        (tuple(train.shape[1:]), tuple(test.shape[1:])),
        (train.dtype, test.dtype),
    ):
        if got != expected:
            _refuse("test_inputs", f"{expected}, as in train_inputs", got)


def _check_moments(data):
    """Images of uint8, and no others, come with what standardises a batch."""
    images = data["train_inputs"]
    if images.dtype != torch.uint8:
        for key in _MOMENTS:
            if key in data:
                advice = "standardise the images and leave it out, or return uint8"
                _refuse(key, "uint8 images to standardise", images.dtype, advice)
        return
    shape = (images.shape[3],)
    for key in _MOMENTS:
        if key not in data or data[key].shape != shape:
            got = tuple(data[key].shape) if key in data else "nothing"
            advice = "add the training set's, in units of 0 to 255"
            _refuse(key, f"shape {shape}, as the images are uint8", got, advice)
        data[key] = _floats(key, data[key][:, None], "float32", "convert it")[:, 0]
    mean, deviation = (data[key] for key in _MOMENTS)
    if not (deviation > 0).all():
        advice = "use 1 where all values of a channel are equal"
        _refuse("deviation", "numbers above 0", deviation.tolist(), advice)
    # Moments in units of 0 to 1 are the commonest slip.
    pixels = images.double()
    for key, actual in (("mean", pixels.mean()), ("deviation", pixels.std())):
        if actual > 2 and data[key].max() <= 1:
            got = f"{data[key].tolist()}, where the images have {float(actual):.3g}"
            _refuse(key, "units of 0 to 255", got, f"multiply {key} by 255")
