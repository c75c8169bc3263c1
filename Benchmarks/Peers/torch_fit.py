"""Fits a SIREN to a picture for some seconds, in PyTorch on the CPU, as `FitImage --seconds` does.

Prints the PSNR of all pixels at the end, and writes `step,psnr,seconds` of each step's own pixels to a file.
Written for this comparison: the same network, initialization, rate and half cosine over the time; a step on all
pixels, or on one drawn from each block.
"""
import argparse, csv, math, resource, time

import numpy, torch
from PIL import Image

parser = argparse.ArgumentParser()
parser.add_argument("--image", required=True)
parser.add_argument("--batch", default="all", help="all, or blocks:4")
parser.add_argument("--seconds", type=float, default=60)
parser.add_argument("--learning-rate", type=float, default=1e-3)
parser.add_argument("--width", type=int, default=256)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--output", required=True, help="the file of metrics")
options = parser.parse_args()
torch.set_num_threads(options.threads)
torch.manual_seed(options.seed)

picture = torch.from_numpy(numpy.asarray(Image.open(options.image)).copy()).float() / 255
height, width, channels = picture.shape
targets = picture.reshape(-1, channels)
inputs = torch.stack(torch.meshgrid(
    torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij"), -1).reshape(-1, 2)


class Sine(torch.nn.Module):
    def forward(self, x):
        return torch.sin(30 * x)


sizes = [2] + [options.width] * 3 + [channels]
layers = []
for index, (fan_in, fan_out) in enumerate(zip(sizes, sizes[1:])):
    layer = torch.nn.Linear(fan_in, fan_out)
    bound = 1 / fan_in if index == 0 else math.sqrt(6 / fan_in) / 30
    torch.nn.init.uniform_(layer.weight, -bound, bound)
    layers += [layer, Sine()]
network = torch.nn.Sequential(*layers[:-1])
optimizer = torch.optim.Adam(network.parameters(), options.learning_rate)

side = int(options.batch.split(":")[1]) if options.batch != "all" else 0
if side:
    rows, columns = (torch.arange(n // side) * side for n in (height, width))
    corners = (rows[:, None] * width + columns[None, :]).reshape(-1)


def batch():
    if not side:
        return inputs, targets
    place = torch.randint(side * side, corners.shape)
    drawn = corners + place // side * width + place % side
    return inputs[drawn], targets[drawn]


course, spent = [], 0.0
while spent < options.seconds:
    start = time.perf_counter()
    rate = options.learning_rate * (1 + math.cos(math.pi * spent / options.seconds)) / 2
    for group in optimizer.param_groups:
        group["lr"] = rate
    x, y = batch()
    optimizer.zero_grad()
    loss = ((network(x) - y) ** 2).mean()
    loss.backward()
    optimizer.step()
    course.append((len(course), -10 * math.log10(loss.item()), spent))
    spent += time.perf_counter() - start
with open(options.output, "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["step", "psnr", "seconds"])
    writer.writerows(course)
with torch.no_grad():
    errors = [((network(x) - y) ** 2).sum() for x, y in zip(inputs.split(1 << 16), targets.split(1 << 16))]
    psnr = -10 * math.log10(sum(errors).item() / targets.numel())
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"psnr={psnr:.3f} steps={len(course)} seconds={spent:.1f} peak_memory_mb={memory:.0f}")
