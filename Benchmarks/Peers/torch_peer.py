"""The same work as the package's `Benchmarks` program, in PyTorch on the CPU.

Prints one line of JSON with the median time of a repetition and the peak memory of the process.
Written for this comparison: plain PyTorch as a user would write it, whole batches at once, float32;
per-sample gradients by `vmap` of `grad`.
"""
import argparse, json, math, resource, statistics, time

import torch
from torch.func import functional_call, grad, vmap

parser = argparse.ArgumentParser()
parser.add_argument("--work", choices=["step", "kernel", "full-kernel-step", "volume-step"], default="step")
parser.add_argument("--network", choices=["siren", "pe", "relu"], default="siren")
parser.add_argument("--adjuster", choices=["none", "iga"], default="none")
parser.add_argument("--width", type=int, default=256)
parser.add_argument("--picture-height", type=int, default=512)
parser.add_argument("--picture-width", type=int, default=768)
parser.add_argument("--patch", type=int, default=32)
parser.add_argument("--end", type=int, default=20)
parser.add_argument("--samples", type=int, default=384)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--repetitions", type=int, default=3)
options = parser.parse_args()
torch.set_num_threads(options.threads)
torch.manual_seed(0)


class Network(torch.nn.Module):
    def __init__(self, inputs, outputs, hidden_layers, kind):
        super().__init__()
        self.kind = kind
        self.frequencies = 10 if inputs == 3 else 6
        features = inputs * (1 + 2 * self.frequencies) if kind == "pe" else inputs
        sizes = [features] + [options.width] * (hidden_layers + 1) + [outputs]
        self.layers = torch.nn.ModuleList(
            torch.nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        if kind == "siren":
            with torch.no_grad():
                for index, layer in enumerate(self.layers):
                    fan_in = layer.in_features
                    bound = 1 / fan_in if index == 0 else math.sqrt(6 / fan_in) / 30
                    layer.weight.uniform_(-bound, bound)

    def forward(self, x):
        if self.kind == "pe":
            parts = [x]
            for frequency in range(self.frequencies):
                angle = x * (2.0**frequency * math.pi)
                parts += [torch.sin(angle), torch.cos(angle)]
            x = torch.cat(parts, -1)
        for layer in self.layers[:-1]:
            x = layer(x)
            x = torch.sin(30 * x) if self.kind == "siren" else torch.relu(x)
        return self.layers[-1](x)


def sample_rows(network, x):
    """Per-sample gradients of the outputs' sum / sqrt(outputs): [n, parameters]."""
    parameters = {k: v.detach() for k, v in network.named_parameters()}

    def scalar(p, xi):
        y = functional_call(network, p, (xi[None],))
        return y.sum() / math.sqrt(y.shape[-1])

    rows = vmap(grad(scalar), (None, 0))(parameters, x)
    return torch.cat([v.flatten(1) for v in rows.values()], 1)


def transform(kernel, end):
    values, vectors = torch.linalg.eigh(kernel)
    values, vectors = values.flip(0), vectors.flip(1)
    damping = 1 - values[end] / values[:end]
    top = vectors[:, :end]
    return torch.eye(len(values)) - top @ torch.diag(damping) @ top.T


def timed(work):
    for _ in range(2 if options.repetitions > 1 else 1):
        work()
    times = []
    for _ in range(options.repetitions):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return times


def training_step(network, inputs, targets, group_size, centre=False):
    """inputs [groups * group_size, d] group after group; groups of one adjust by the full kernel."""
    optimizer = torch.optim.Adam(network.parameters(), 1e-4)
    n = len(inputs) // group_size

    def step():
        optimizer.zero_grad()
        output = network(inputs)
        residual = (output - targets).detach()
        if options.adjuster == "iga":
            grouped = residual.reshape(n, group_size, -1)
            place = grouped.abs().sum(2).argmax(1)
            if centre:
                place = torch.full((n,), group_size // 2)
            sampled = inputs.reshape(n, group_size, -1)[torch.arange(n), place]
            rows = sample_rows(network, sampled)
            s = transform(rows @ rows.T, options.end)
            residual = torch.einsum("ij,jkl->ikl", s, grouped).reshape(residual.shape)
            loss = (output * (2 / output.numel() * residual)).sum()
        else:
            loss = ((output - targets) ** 2).mean()
        loss.backward()
        optimizer.step()

    return step


def picture_step():
    height, width, side = options.picture_height, options.picture_width, options.patch
    grid = torch.stack(torch.meshgrid(
        torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij"), -1)
    rows, columns = height // side, width // side
    patches = grid.reshape(rows, side, columns, side, 2).permute(0, 2, 1, 3, 4)
    inputs = patches.reshape(-1, 2).contiguous()
    return training_step(
        Network(2, 3, 2, options.network), inputs, torch.rand(len(inputs), 3), side * side)


def full_kernel_step():
    points = torch.linspace(-1, 1, options.samples)[:, None]
    return training_step(
        Network(1, 1, 3, options.network), points, torch.sin(10 * math.pi * points), 1)


def volume_step():
    """512 groups of 256 voxels; a step's coordinates are gathered from those of all voxels, as published."""
    line = torch.linspace(-1, 1, 128)
    coordinates = torch.stack(torch.meshgrid(line, line, line, indexing="ij"), -1).reshape(-1, 3)
    groups = torch.randperm(len(coordinates) // 256)[:512]
    rows = (groups[:, None] * 256 + torch.arange(256)).reshape(-1)
    targets = (torch.arange(len(coordinates)) // 128 % 3 == 0).float()[rows, None]
    return training_step(
        Network(3, 1, 2, options.network), coordinates[rows], targets, 256, centre=True)


def kernel():
    network = Network(2, 3, 2, options.network)
    inputs = torch.rand(options.samples, 2) * 2 - 1

    def compute():
        rows = sample_rows(network, inputs)
        return rows @ rows.T

    return compute


work = {"step": picture_step, "kernel": kernel, "full-kernel-step": full_kernel_step,
        "volume-step": volume_step}[options.work]()
times = timed(work)
print(json.dumps({
    "name": f"PyTorch {torch.__version__} {options.work}", "median_s": statistics.median(times),
    "fastest_s": min(times), "slowest_s": max(times),
    "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
