"""Writes the PNG fixtures of this folder and, in expected.npz, the samples each must decode to.

Encodes by hand (zlib and struct) so that every colour type, bit depth and row filter occurs, with
and without interlacing. Needs NumPy. Run it in this folder: python3 generate.py
"""
import struct
import zlib

import numpy as np

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
HEIGHT, WIDTH = 11, 13
random = np.random.default_rng(7)
expected = {}


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def packed(rows, bits):
    """Each row of samples [width * channels] as bytes."""
    if bits == 16:
        return [row.astype(">u2").tobytes() for row in rows]
    if bits == 8:
        return [row.astype("u1").tobytes() for row in rows]
    result = []
    for row in rows:
        text = "".join(format(int(v), f"0{bits}b") for v in row)
        text += "0" * (-len(text) % 8)
        result.append(int(text, 2).to_bytes(len(text) // 8, "big"))
    return result


def paeth(a, b, c):
    p = a + b - c
    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c


def filtered(rows, step):
    """Rows with the five filters in turn."""
    out, above = b"", bytes(len(rows[0])) if rows else b""
    for index, row in enumerate(rows):
        kind = index % 5
        line = bytearray()
        for i, x in enumerate(row):
            a = row[i - step] if i >= step else 0
            b = above[i]
            c = above[i - step] if i >= step else 0
            line.append((x - [0, a, b, (a + b) // 2, paeth(a, b, c)][kind]) % 256)
        out += bytes([kind]) + bytes(line)
        above = row
    return out


def write(name, stored, color, bits, wanted, interlaced=False, palette=None, trns=None, extra=b""):
    step = max(1, CHANNELS[color] * bits // 8)
    passes = ADAM7 if interlaced else [(0, 0, 1, 1)]
    data = b""
    for top, left, down, across in passes:
        part = stored[top::down, left::across]
        if part.shape[0] and part.shape[1]:
            data += filtered(packed(part.reshape(part.shape[0], -1), bits), step)
    compressed = zlib.compress(data)
    half = len(compressed) // 2
    header = struct.pack(">IIBBBBB", stored.shape[1], stored.shape[0], bits, color, 0, 0, interlaced)
    body = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra
    if palette is not None:
        body += chunk(b"PLTE", palette.astype("u1").tobytes())
    if trns is not None:
        body += chunk(b"tRNS", trns)
    body += chunk(b"IDAT", compressed[:half]) + chunk(b"IDAT", compressed[half:]) + chunk(b"IEND", b"")
    with open(name + ".png", "wb") as file:
        file.write(body)
    expected[name] = np.ascontiguousarray(wanted)


def samples(color, bits):
    return random.integers(0, 2**bits, (HEIGHT, WIDTH, CHANNELS[color]))


for bits in (1, 2, 4, 8, 16):
    values = samples(GREY, bits)
    scale = 1 if bits >= 8 else 255 // (2**bits - 1)
    kind = "u2" if bits == 16 else "u1"
    for interlaced in (False, True):
        suffix = "-interlaced" if interlaced else ""
        write(f"grey-{bits}{suffix}", values, GREY, bits, (values * scale).astype(kind), interlaced)
    clear = int(values[0, 0, 0])
    alpha = np.where(values == clear, 0, 65535 if bits == 16 else 255)
    write(f"grey-{bits}-transparent", values, GREY, bits,
          np.concatenate([values * scale, alpha], 2).astype(kind), trns=struct.pack(">H", clear))

for bits in (8, 16):
    kind = "u2" if bits == 16 else "u1"
    for name, color in (("rgb", RGB), ("grey-alpha", GREY_ALPHA), ("rgba", RGBA)):
        values = samples(color, bits)
        for interlaced in (False, True):
            suffix = "-interlaced" if interlaced else ""
            write(f"{name}-{bits}{suffix}", values, color, bits, values.astype(kind), interlaced)
    values = samples(RGB, bits)
    clear = values[3, 5]
    values[4, 6] = clear
    alpha = np.where((values == clear).all(2, keepdims=True), 0, 65535 if bits == 16 else 255)
    write(f"rgb-{bits}-transparent", values, RGB, bits, np.concatenate([values, alpha], 2).astype(kind),
          trns=struct.pack(">HHH", *clear))

for bits in (1, 2, 4, 8):
    palette = random.integers(0, 256, (2**bits, 3))
    values = samples(PALETTE, bits)
    write(f"palette-{bits}", values, PALETTE, bits, palette[values[..., 0]].astype("u1"),
          interlaced=bits == 4, palette=palette)
    opacity = random.integers(0, 256, 2 ** bits // 2)
    full = np.concatenate([opacity, np.full(2**bits - len(opacity), 255)])
    wanted = np.concatenate([palette[values[..., 0]], full[values]], 2).astype("u1")
    write(f"palette-{bits}-transparent", values, PALETTE, bits, wanted, palette=palette,
          trns=opacity.astype("u1").tobytes())

# Colours stay as stored, whatever these chunks say of them.
values = samples(RGB, 8)
write("rgb-8-gamma", values, RGB, 8, values.astype("u1"),
      extra=chunk(b"gAMA", struct.pack(">I", 100000)) + chunk(b"sBIT", bytes([5, 6, 5])))
values = random.integers(0, 256, (1, 1, 4))
write("rgba-8-one-pixel", values, RGBA, 8, values.astype("u1"), interlaced=True)

np.savez("expected.npz", **expected)
