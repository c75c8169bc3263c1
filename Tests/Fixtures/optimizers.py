"""Writes optimizers.json: paths of PyTorch's optimizers on a quadratic, in double precision.

Made with PyTorch 2.13 (CPU): python3 optimizers.py

The function is (θ - c)ᵀ A (θ - c) / 2. Each entry holds an optimizer's settings and θ after some
numbers of steps.
"""

import json
import os

import torch

torch.set_default_dtype(torch.float64)
A = torch.tensor([[2.0, 0.5, 0.0, 0.1],
                  [0.5, 1.0, 0.25, 0.0],
                  [0.0, 0.25, 0.5, -0.2],
                  [0.1, 0.0, -0.2, 3.0]])
CENTRE = torch.tensor([1.0, -2.0, 0.5, 3.0])
START = [0.3, 0.7, -1.1, 2.0]
STEPS = [1, 2, 10, 100]
CASES = {
    "sgd": (torch.optim.SGD, dict(lr=0.1)),
    "sgd-decay": (torch.optim.SGD, dict(lr=0.1, weight_decay=0.05)),
    "momentum": (torch.optim.SGD, dict(lr=0.05, momentum=0.9)),
    "nesterov": (torch.optim.SGD, dict(lr=0.05, momentum=0.8, nesterov=True, weight_decay=0.02)),
    "adam": (torch.optim.Adam, dict(lr=0.05)),
    "adam-decay": (torch.optim.Adam, dict(lr=0.05, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1)),
    "amsgrad": (torch.optim.Adam, dict(lr=0.2, betas=(0.7, 0.9), amsgrad=True)),
    "adamw": (torch.optim.AdamW, dict(lr=0.05, weight_decay=0.2)),
    "adamw-amsgrad": (torch.optim.AdamW, dict(lr=0.1, betas=(0.6, 0.8), weight_decay=0.1,
                                              amsgrad=True)),
}


def path(kind, settings):
    theta = torch.tensor(START, requires_grad=True)
    optimizer = kind([theta], **settings)
    found = {}
    for step in range(1, max(STEPS) + 1):
        optimizer.zero_grad()
        offset = theta - CENTRE
        (offset @ A @ offset / 2).backward()
        optimizer.step()
        if step in STEPS:
            found[str(step)] = theta.tolist()
    return found


names = {"lr": "rate", "weight_decay": "decay", "eps": "epsilon"}
cases = [
    {
        "name": name,
        "kind": kind.__name__,
        "settings": {names.get(key, key): list(value) if isinstance(value, tuple) else value
                     for key, value in settings.items()},
        "path": path(kind, settings),
    }
    for name, (kind, settings) in CASES.items()
]
fixture = {"matrix": A.tolist(), "centre": CENTRE.tolist(), "start": START, "cases": cases}
here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "optimizers.json"), "w") as file:
    json.dump(fixture, file, indent=1)
    file.write("\n")
