"""Makes odd-sizes.npz: MS-SSIM of two pictures with odd sides, in PyTorch's float64.

usage: python generate.py

The conventions are those of pytorch-msssim: a Gaussian window of 11 x 11 pixels within the picture, zeros on both
sides of odd sides before pooling, negative means counted as zero, the mean over channels of products of powers.
"""
import os

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(5)
HEIGHT, WIDTH = 163, 190


def parts(x, y):
    offsets = torch.arange(11) - 5.0
    bell = torch.exp(-offsets ** 2 / (2 * 1.5 ** 2))
    kernel = torch.outer(bell, bell)
    kernel = (kernel / kernel.sum()).expand(3, 1, 11, 11)

    def mean(z):
        return F.conv2d(z, kernel, groups=3)

    mx, my = mean(x), mean(y)
    vx, vy, cov = mean(x * x) - mx ** 2, mean(y * y) - my ** 2, mean(x * y) - mx * my
    contrast = (2 * cov + 0.03 ** 2) / (vx + vy + 0.03 ** 2)
    luminance = (2 * mx * my + 0.01 ** 2) / (mx ** 2 + my ** 2 + 0.01 ** 2)
    return (luminance * contrast).mean((2, 3)), contrast.mean((2, 3))


def ms_ssim(x, y):
    weights = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333]
    product = 1
    for scale, weight in enumerate(weights):
        full, contrast = parts(x, y)
        product = product * torch.relu(full if scale == 4 else contrast) ** weight
        padding = [side % 2 for side in x.shape[2:]]
        x, y = F.avg_pool2d(x, 2, padding=padding), F.avg_pool2d(y, 2, padding=padding)
    return product.mean()


rows, columns = torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH), indexing="ij")
clean = torch.stack([
    0.5 + 0.5 * torch.sin(rows / 9 + columns / 5), ((rows // 16 + columns // 24) % 2) * 0.8 + 0.1,
    torch.rand(HEIGHT, WIDTH, generator=generator)])[None]
noisy = (clean + 0.15 * torch.randn(clean.shape, generator=generator)).clamp(0, 1)


def bytes_of(z):
    return (z[0].permute(1, 2, 0) * 255).round().numpy().astype(np.uint8)


clean, noisy = bytes_of(clean), bytes_of(noisy)
stored = [torch.from_numpy(z.astype(np.float64) / 255).permute(2, 0, 1)[None] for z in (clean, noisy)]
similarity = ms_ssim(*stored).item()
np.savez_compressed(
    os.path.join(os.path.dirname(os.path.abspath(__file__)), "odd-sizes.npz"),
    clean=clean, noisy=noisy, ms_ssim=np.array(similarity))
print(similarity)
