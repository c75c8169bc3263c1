"""Makes this folder's files: networks of the zoo in PyTorch's complex and real arithmetic, in float64.

usage: python generate.py

Each .npz file is one network: `inputs`, `targets`, `init.NAME` (all numbers it starts with),
`outputs0`, `kernel0` (the eNTK of the outputs' sum / sqrt(outputs), real and imaginary parts being
parameters of their own), `jacobian0.NAME` (its rows at the first four samples), `losses` (mean squared
error before each of 30 Adam steps on all samples) and `final.NAME`.
"""
import math
import os

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
FOLDER = os.path.dirname(os.path.abspath(__file__))
SAMPLES, STEPS, RATE = 40, 30, 1e-3
generator = torch.Generator().manual_seed(11)


def uniform(bound, *shape):
    return (torch.rand(*shape, generator=generator) * 2 - 1) * bound


def real_layer(parameters, name, fan_in, fan_out, weight_bound=None, bias_bound=None):
    parameters[name + ".weight"] = uniform(weight_bound or fan_in ** -0.5, fan_out, fan_in)
    parameters[name + ".bias"] = uniform(bias_bound or fan_in ** -0.5, fan_out)


def complex_layer(parameters, name, fan_in, fan_out, weight_bound=None):
    """Real parts of all rows, then imaginary parts."""
    parameters[name + ".weight"] = uniform(weight_bound or fan_in ** -0.5, 2 * fan_out, fan_in)
    parameters[name + ".bias"] = uniform(fan_in ** -0.5, 2 * fan_out)


def real_linear(parameters, name, x):
    return torch.nn.functional.linear(x, parameters[name + ".weight"], parameters[name + ".bias"])


def complex_linear(parameters, name, x):
    weight, bias = parameters[name + ".weight"], parameters[name + ".bias"]
    rows = weight.shape[0] // 2
    return torch.nn.functional.linear(
        x, torch.complex(weight[:rows], weight[rows:]), torch.complex(bias[:rows], bias[rows:]))


def variable_sine(z, frequency):
    return torch.sin(frequency * (z.abs().detach() + 1) * z)


def wire(parameters, x, frequency, scale, sine_frequency=None):
    def activation(z):
        if sine_frequency is not None:
            z = variable_sine(z, sine_frequency)
        return torch.exp(1j * frequency * z - (scale * z).abs().square())

    z = activation(real_linear(parameters, "layers.0", x))
    z = activation(complex_linear(parameters, "layers.1", z))
    z = activation(complex_linear(parameters, "layers.2", z))
    return complex_linear(parameters, "layers.3", z).real


def rectified(parameters, features):
    for layer in range(3):
        features = torch.relu(real_linear(parameters, f"layers.{layer}", features))
    return real_linear(parameters, "layers.3", features)


def random_features(parameters, x):
    angles = 2 * math.pi * x @ parameters["encoding.frequencies"].T
    return rectified(parameters, torch.cat([torch.sin(angles), torch.cos(angles)], 1))


def encoded(parameters, x):
    """The coordinates, then for each frequency 1, 2, 4 the sines of all, then the cosines."""
    parts = [x]
    for k in range(3):
        parts += [torch.sin(2 ** k * x), torch.cos(2 ** k * x)]
    return rectified(parameters, torch.cat(parts, 1))


def filters(parameters, x, index, prefix):
    waves = torch.sin(real_linear(parameters, f"filters.{index}{prefix}", x))
    if f"filters.{index}.mu" not in parameters:
        return waves
    mu, gamma = parameters[f"filters.{index}.mu"], parameters[f"filters.{index}.gamma"]
    distances = (x ** 2).sum(1)[:, None] + (mu ** 2).sum(1) - 2 * x @ mu.T
    return waves * torch.exp(-0.5 * distances * gamma)


def multiplicative(parameters, x):
    z = filters(parameters, x, 0, ".linear")
    for layer in range(2):
        z = real_linear(parameters, f"layers.{layer}", z) * filters(parameters, x, layer + 1, ".linear")
    return real_linear(parameters, "layers.2", z)


def band_limited(parameters, x):
    z = filters(parameters, x, 0, "")
    outputs = []
    for layer in range(2):
        z = real_linear(parameters, f"layers.{layer}", z) * filters(parameters, x, layer + 1, "")
        outputs.append(real_linear(parameters, f"outputs.{layer}", z))
    return torch.cat(outputs, 1)


def save(name, function, parameters, frozen=(), outputs=3):
    inputs = uniform(1, SAMPLES, 2)
    targets = torch.rand(SAMPLES, outputs, generator=generator)
    arrays = {"inputs": inputs, "targets": targets}
    arrays |= {f"init.{key}": value.clone() for key, value in parameters.items()}

    trained = {key: value for key, value in parameters.items() if key not in frozen}
    for value in trained.values():
        value.requires_grad_()
    result = function(parameters, inputs)
    arrays["outputs0"] = result
    rows = {key: [] for key in trained}
    for sample in range(SAMPLES):
        total = result[sample].sum() / math.sqrt(outputs)
        for key, gradient in zip(
                trained, torch.autograd.grad(total, list(trained.values()), retain_graph=True)):
            rows[key].append(gradient.flatten())
    rows = {key: torch.stack(value) for key, value in rows.items()}
    arrays["kernel0"] = sum(value @ value.T for value in rows.values())
    arrays |= {f"jacobian0.{key}": value[:4] for key, value in rows.items()}

    optimizer = torch.optim.Adam(list(trained.values()), lr=RATE)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = (function(parameters, inputs) - targets).square().mean()
        loss.backward()
        losses.append(loss.item())
        optimizer.step()
    arrays["losses"] = torch.tensor(losses)
    arrays |= {f"final.{key}": value for key, value in parameters.items()}
    np.savez(
        os.path.join(FOLDER, name + ".npz"),
        **{key: value.detach().numpy() for key, value in arrays.items()})
    print(name, losses[0], losses[-1])


UNITS = 8

parameters = {}
real_layer(parameters, "layers.0", 2, UNITS)
for layer, outputs in ((1, UNITS), (2, UNITS), (3, 3)):
    complex_layer(parameters, f"layers.{layer}", UNITS, outputs)
save("wire", lambda p, x: wire(p, x, 6, 2), parameters)

parameters = {}
real_layer(parameters, "layers.0", 2, UNITS, weight_bound=1 / 2, bias_bound=1)
for layer, outputs in ((1, UNITS), (2, UNITS), (3, 3)):
    complex_layer(parameters, f"layers.{layer}", UNITS, outputs, math.sqrt(6 / UNITS) / 20)
save("wire-finer", lambda p, x: wire(p, x, 4, 2, 5), parameters)

parameters = {"encoding.frequencies": 2 * torch.randn(6, 2, generator=generator)}
for layer, (fan_in, fan_out) in enumerate(((12, 10), (10, 10), (10, 10), (10, 3))):
    real_layer(parameters, f"layers.{layer}", fan_in, fan_out, math.sqrt(6 / fan_in))
save("rff", random_features, parameters, frozen=("encoding.frequencies",))

parameters = {}
for layer, (fan_in, fan_out) in enumerate(((14, 10), (10, 10), (10, 10), (10, 3))):
    real_layer(parameters, f"layers.{layer}", fan_in, fan_out)
save("pe-radians", encoded, parameters)

for name in ("mfn-gabor", "mfn-fourier"):
    parameters = {}
    for index in range(3):
        bound = 8 / math.sqrt(2 * 3)
        if name == "mfn-gabor":
            parameters[f"filters.{index}.mu"] = uniform(1, 10, 2)
            parameters[f"filters.{index}.gamma"] = 0.5 + 2 * torch.rand(10, generator=generator)
        real_layer(parameters, f"filters.{index}.linear", 2, 10, bound, math.pi)
        if name == "mfn-gabor":
            parameters[f"filters.{index}.linear.weight"] *= parameters[f"filters.{index}.gamma"].sqrt()[:, None]
    for layer, outputs in ((0, 10), (1, 10), (2, 3)):
        real_layer(parameters, f"layers.{layer}", 10, outputs)
    save(name, multiplicative, parameters)

parameters = {}
for index in range(3):
    parameters[f"filters.{index}.weight"] = math.pi * torch.randint(-2, 3, (10, 2), generator=generator)
    parameters[f"filters.{index}.bias"] = uniform(math.pi, 10)
for layer in range(2):
    real_layer(parameters, f"layers.{layer}", 10, 10, math.sqrt(6 / 10))
for layer in range(2):
    real_layer(parameters, f"outputs.{layer}", 10, 3, math.sqrt(6 / 10))
save("bacon", band_limited, parameters, [f"filters.{index}.weight" for index in range(3)], outputs=6)
