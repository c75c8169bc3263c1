"""Writes muon.json: paths of Muon on the weights of a small network, in double precision.

Made with PyTorch 2.13 (CPU): python3 muon.py

The formulas of K. Jordan's Muon written out with PyTorch's products, in double precision where the
published code rounds to bfloat16, with the scale 0.2 * sqrt(longer side) of J. Liu et al. 2025; Adam is
PyTorch's own. The loss is the mean of squared outputs less targets of a network 2-6-5-6-3 with tanh.
Each entry holds the settings and all parameters after some numbers of steps.
"""

import json
import math
import os

import torch

torch.set_default_dtype(torch.float64)
SIZES = [2, 6, 5, 6, 3]
STEPS = [1, 2, 10, 40]
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
CASES = {
    "published": dict(rate=0.02, momentum=0.95, nesterov=True, iterations=5, scale=0.2),
    "plain-momentum": dict(rate=0.05, momentum=0.8, nesterov=False, iterations=5, scale=0.2),
    "few-iterations": dict(rate=0.01, momentum=0.9, nesterov=True, iterations=3, scale=0.1),
}


def orthogonalized(matrix, iterations):
    a, b, c = COEFFICIENTS
    x = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = x / (torch.linalg.norm(x) + 1e-7)
    for _ in range(iterations):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if matrix.shape[0] > matrix.shape[1] else x


def start():
    generator = torch.Generator().manual_seed(0)
    parameters = []
    for inputs, outputs in zip(SIZES, SIZES[1:]):
        for shape in [(outputs, inputs), (outputs,)]:
            values = torch.rand(shape, generator=generator) * 2 - 1
            parameters.append(values / math.sqrt(inputs))
    inputs = torch.rand((20, SIZES[0]), generator=generator) * 2 - 1
    targets = torch.rand((20, SIZES[-1]), generator=generator)
    return parameters, inputs, targets


def flat(parameters):
    return torch.cat([p.detach().reshape(-1) for p in parameters]).tolist()


def path(settings):
    initial, inputs, targets = start()
    parameters = [p.clone().requires_grad_() for p in initial]
    matrices = [p for p in parameters if p.ndim == 2][1:-1]
    others = [p for p in parameters if all(p is not m for m in matrices)]
    adam = torch.optim.Adam(others, lr=settings["rate"])
    velocities = [torch.zeros_like(m) for m in matrices]
    found = {}
    for step in range(1, max(STEPS) + 1):
        for p in parameters:
            p.grad = None
        x = inputs
        for layer in range(0, len(parameters), 2):
            x = x @ parameters[layer].T + parameters[layer + 1]
            if layer + 2 < len(parameters):
                x = torch.tanh(x)
        ((x - targets) ** 2).mean().backward()
        adam.step()
        with torch.no_grad():
            for matrix, velocity in zip(matrices, velocities):
                velocity.mul_(settings["momentum"]).add_(matrix.grad)
                direction = (matrix.grad + settings["momentum"] * velocity
                             if settings["nesterov"] else velocity)
                change = orthogonalized(direction, settings["iterations"])
                size = settings["scale"] * math.sqrt(max(matrix.shape))
                matrix.sub_(settings["rate"] * size * change)
        if step in STEPS:
            found[str(step)] = flat(parameters)
    return found


initial, inputs, targets = start()
fixture = {
    "sizes": SIZES, "start": flat(initial), "inputs": inputs.tolist(), "targets": targets.tolist(),
    "cases": [{"name": name, "settings": settings, "path": path(settings)}
              for name, settings in CASES.items()],
}
here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "muon.json"), "w") as file:
    json.dump(fixture, file, indent=1)
    file.write("\n")
