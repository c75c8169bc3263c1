"""Makes lpips.npz: LPIPS of two pictures by networks with weights of a formula, in PyTorch's float64.

usage: python lpips.py

The networks are torchvision's AlexNet and VGG-16 up to the last convolution, the conventions those of `lpips` 0.1.4. Weights
are not stored: number k of array n (counted in the order of the file) is made of u(n, k), a hash of both within [0, 1):
(2 u - 1) sqrt(6 / inputs of a unit) for weights, (2 u - 1) / 10 for biases, and u for the weights of differences.
"""
import os

import numpy as np
import torch
from torch import nn

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def uniform(array, count):
    z = (np.uint64(array) << np.uint64(32)) + np.arange(count, dtype=np.uint64)
    z = z + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) / 2.0 ** 53


def alexnet():
    relu = nn.ReLU
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2), relu(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2), relu(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), relu(), nn.Conv2d(384, 256, 3, padding=1), relu(),
        nn.Conv2d(256, 256, 3, padding=1), relu()), [2, 5, 8, 10, 12]


def vgg16():
    layers, inputs = [], 3
    for outputs in [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512]:
        if outputs == "M":
            layers.append(nn.MaxPool2d(2, 2))
        else:
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU()]
            inputs = outputs
    return nn.Sequential(*layers), [4, 9, 16, 23, 30]


def distances(features, slices, pictures):
    """Each layer's part of the distance."""
    state = {"features." + name: value for name, value in features.state_dict().items()}
    for array, (name, value) in enumerate(state.items()):
        numbers = 2 * uniform(array, value.numel()) - 1
        numbers *= np.sqrt(6 / value[0].numel()) if name.endswith("weight") else 0.1
        value.copy_(torch.from_numpy(numbers.reshape(value.shape)))
    shift = torch.tensor([-0.030, -0.088, -0.188]).view(1, 3, 1, 1)
    scale = torch.tensor([0.458, 0.448, 0.450]).view(1, 3, 1, 1)
    maps, parts, start = [(2 * picture - 1 - shift) / scale for picture in pictures], [], 0
    for layer, end in enumerate(slices):
        maps = [features[start:end](map) for map in maps]
        start = end
        units = [map / (torch.sqrt((map ** 2).sum(1, keepdim=True)) + 1e-10) for map in maps]
        head = torch.from_numpy(uniform(len(state) + layer, maps[0].shape[1])).view(1, -1, 1, 1)
        parts.append((head * (units[0] - units[1]) ** 2).sum(1).mean().item())
    return np.array(parts)


def pictures(height, width):
    """A picture, and the same with noise and a shade, of 8 bits."""
    rows, columns = np.mgrid[0:height, 0:width] / 1.0
    clean = np.stack([
        0.5 + 0.5 * np.sin(rows / 9 + columns / 5), (rows // 12 + columns // 8) % 2 * 0.8 + 0.1,
        uniform(99, height * width).reshape(height, width)], -1)
    noise = uniform(98, height * width * 3).reshape(height, width, 3) - 0.5
    other = 0.9 * clean + 0.3 * noise
    return [(z.clip(0, 1) * 255).round().astype(np.uint8) for z in (clean, other)]


stored = {}
with torch.no_grad():
    for name, network, size in [("alex", alexnet, (149, 83)), ("vgg", vgg16, (75, 46))]:
        both = pictures(*size)
        batches = [torch.from_numpy(z / 255.0).permute(2, 0, 1)[None] for z in both]
        stored[name + ".first"], stored[name + ".second"] = both
        stored[name + ".distances"] = distances(*network(), batches)
        print(name, stored[name + ".distances"])
folder = os.path.dirname(os.path.abspath(__file__))
np.savez_compressed(os.path.join(folder, "lpips.npz"), **stored)
