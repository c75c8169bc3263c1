"""The same work as the package's `Benchmarks` program, in PyTorch on the CPU.

Prints one line of JSON with the median time of a repetition and the peak memory of the process.
Written for this comparison: plain PyTorch as a user would write it, whole batches at once, float32;
per-sample gradients by `vmap` of `grad`.
"""
import argparse, json, math, resource, statistics, time

import torch
from torch.func import functional_call, grad, vmap

parser = argparse.ArgumentParser()
parser.add_argument(
    "--work", default="step",
    choices=["step", "kernel", "full-kernel-step", "volume-step", "nerf-step", "hash-step"])
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


class RadianceNetwork(torch.nn.Module):
    """NeRF's network of 8 x 256 units, as in nerf-pytorch."""

    def __init__(self, width=256):
        super().__init__()
        linear = torch.nn.Linear
        self.points = torch.nn.ModuleList(
            linear(63 if i == 0 else width + 63 if i == 5 else width, width) for i in range(8))
        self.alpha, self.feature = linear(width, 1), linear(width, width)
        self.view, self.rgb = linear(width + 27, width // 2), linear(width // 2, 3)

    @staticmethod
    def encode(x, frequencies):
        parts = [x]
        for frequency in range(frequencies):
            parts += [torch.sin(x * 2.0**frequency), torch.cos(x * 2.0**frequency)]
        return torch.cat(parts, -1)

    def forward(self, x, d):
        encoded = self.encode(x, 10)
        h = encoded
        for index, layer in enumerate(self.points):
            h = torch.relu(layer(h))
            if index == 4:
                h = torch.cat([encoded, h], -1)
        h2 = torch.relu(self.view(torch.cat([self.feature(h), self.encode(d, 4)], -1)))
        return self.rgb(h2), self.alpha(h)[..., 0]


def nerf_step():
    rays, coarse, more = 1024, 64, 128
    networks = [RadianceNetwork(), RadianceNetwork()]
    optimizer = torch.optim.Adam([p for n in networks for p in n.parameters()], 5e-4)
    directions = torch.rand(rays, 3) * 0.6 - 0.3 + torch.tensor([0.0, 0.0, -1.0])
    lengths = directions.norm(dim=-1, keepdim=True)
    targets = torch.rand(rays, 3)

    def render(network, z):
        points = directions[:, None] * z[..., None]
        seen = (directions / lengths)[:, None].expand_as(points)
        rgb, raw = network(points.reshape(-1, 3), seen.reshape(-1, 3))
        rgb, raw = torch.sigmoid(rgb).reshape(rays, -1, 3), raw.reshape(rays, -1)
        gaps = torch.cat([z[:, 1:] - z[:, :-1], torch.full((rays, 1), 1e10)], -1) * lengths
        alpha = 1 - torch.exp(-torch.relu(raw) * gaps)
        light = torch.cumprod(torch.cat([torch.ones(rays, 1), 1 - alpha + 1e-10], -1), -1)[:, :-1]
        weights = alpha * light
        color = (weights[..., None] * rgb).sum(1) + (1 - weights.sum(1, keepdim=True))
        return color, weights

    def step():
        optimizer.zero_grad()
        z = 2 + 4 * (torch.arange(coarse) + torch.rand(rays, coarse)) / coarse
        first, weights = render(networks[0], z)
        with torch.no_grad():
            bins = 0.5 * (z[:, 1:] + z[:, :-1])
            pdf = weights[:, 1:-1] + 1e-5
            cdf = torch.cumsum(pdf / pdf.sum(-1, keepdim=True), -1)
            cdf = torch.cat([torch.zeros(rays, 1), cdf], -1)
            u = torch.rand(rays, more)
            above = torch.searchsorted(cdf, u, right=True).clamp(1, cdf.shape[1] - 1)
            low, high = cdf.gather(1, above - 1), cdf.gather(1, above)
            share = (u - low) / torch.where(high - low < 1e-5, torch.ones_like(low), high - low)
            drawn = bins.gather(1, above - 1)
            drawn = drawn + share * (bins.gather(1, above) - drawn)
            z = torch.sort(torch.cat([z, drawn], -1), -1).values
        second, _ = render(networks[1], z)
        loss = ((first - targets) ** 2).mean() + ((second - targets) ** 2).mean()
        loss.backward()
        optimizer.step()

    return step


def harmonics(d):
    """The 16 real spherical harmonics up to degree 3."""
    x, y, z = d.unbind(-1)
    xx, yy, zz = x * x, y * y, z * z
    return torch.stack([
        torch.full_like(x, 0.28209479), -0.48860251 * y, 0.48860251 * z, -0.48860251 * x,
        1.09254843 * x * y, -1.09254843 * y * z, 0.94617470 * zz - 0.31539157,
        -1.09254843 * x * z, 0.54627422 * (xx - yy), 0.59004359 * y * (-3 * xx + yy),
        2.89061144 * x * y * z, 0.45704580 * y * (1 - 5 * zz), 0.37317633 * z * (5 * zz - 3),
        0.45704580 * x * (1 - 5 * zz), 1.44530572 * z * (xx - yy), 0.59004359 * x * (-xx + 3 * yy),
    ], -1)


def hash_step():
    """A hash grid as in tiny-cuda-nn, 16 levels of at most 2^19 rows of 2, and ngp_pl's two networks."""
    points, levels = 1 << 18, []
    growth, start = (2048 / 16) ** (1 / 15), 0
    for level in range(16):
        scale = 16 * growth**level - 1
        vertices = math.ceil(round(scale, 9)) + 1
        rows = min((vertices**3 + 7) // 8 * 8, 1 << 19)
        levels.append((scale, vertices, rows, start))
        start += rows
    table = torch.nn.Parameter((torch.rand(start, 2) * 2 - 1) * 1e-4)
    linear = lambda a, b: torch.nn.Linear(a, b, bias=False)
    sigma = torch.nn.Sequential(linear(32, 64), torch.nn.ReLU(), linear(64, 16))
    color = torch.nn.Sequential(
        linear(32, 64), torch.nn.ReLU(), linear(64, 64), torch.nn.ReLU(), linear(64, 3))
    optimizer = torch.optim.Adam(
        [table, *sigma.parameters(), *color.parameters()], 1e-2, betas=(0.9, 0.99), eps=1e-15)
    places = torch.rand(points, 3)
    directions = torch.nn.functional.normalize(torch.rand(points, 3) * 2 - 1, dim=-1)
    targets = torch.rand(points, 4)
    corners = torch.tensor([[c & 1, c >> 1 & 1, c >> 2] for c in range(8)])

    def encode(x):
        features = []
        for scale, vertices, rows, first in levels:
            place = x * scale + 0.5
            cell = torch.floor(place)
            share = (place - cell)[:, None]
            vertex = cell.long()[:, None] + corners
            weight = torch.where(corners.bool(), share, 1 - share).prod(-1)
            if vertices**3 <= rows:
                index = (vertex * torch.tensor([1, vertices, vertices**2])).sum(-1) % rows
            else:
                index = (vertex[..., 0] ^ vertex[..., 1] * 2654435761 ^ vertex[..., 2] * 805459861)
                index = index & (rows - 1)
            features.append((weight[..., None] * table[first + index]).sum(1))
        return torch.cat(features, -1)

    def step():
        optimizer.zero_grad()
        hidden = sigma(encode(places))
        colors = color(torch.cat([harmonics(directions), hidden], -1))
        output = torch.cat([colors, hidden[:, :1]], -1)
        loss = ((output - targets) ** 2).mean()
        loss.backward()
        optimizer.step()

    return step


work = {"step": picture_step, "kernel": kernel, "full-kernel-step": full_kernel_step,
        "volume-step": volume_step, "nerf-step": nerf_step, "hash-step": hash_step}[options.work]()
times = timed(work)
print(json.dumps({
    "name": f"PyTorch {torch.__version__} {options.work}", "median_s": statistics.median(times),
    "fastest_s": min(times), "slowest_s": max(times),
    "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
