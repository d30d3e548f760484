"""Measurements of a network where it stands in training, one file each.

They are plain functions of any ``torch.nn.Module``, and need torch and numpy alone.
``normscape.measure`` offers them; the probes call them at checkpoints. Their arguments:

network : in the mode, precision and on the device in which it is to be measured. What is
    computed is computed on copies: its weights, buffers and gradients stay as they are, and
    so does the state of torch's generators. Parameters that require gradients must take
    part in the loss.
loss : ``loss(network, *batch)``, a scalar. One that can state its gradient itself may define
    ``with_gradient(network, *batch)``, which gives the loss and the gradient of each
    parameter that requires one.
batch : inputs, targets, or whatever else the loss takes, in a tuple. Random numbers of the
    network, as in dropout, are the same in each evaluation.
after : a copy of the network as it is after the step that training takes next; see
    ``evaluation.after_step``.
names : of the random numbers that a measurement draws, such as a seed and a step: other
    names, other numbers (``normscape.randomness``).

Layers are those of ``layers.py``, counted from 1.
"""
