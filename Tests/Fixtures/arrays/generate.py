"""Writes the array files of this folder. Needs NumPy. Run it in this folder: python3 generate.py

Element i, in row-major order, is i for unsigned integers, i - 4 for signed ones, (i - 4) * 0.375
for floating point and i % 3 == 0 for truth values. The shape is [3, 4], or [2, 3, 2] for names with
-3d. NumPy writes the .npy and .npz files; the .safetensors file, which needs bfloat16, is by hand.
"""
import io
import json
import struct

import numpy as np


def values(dtype, shape):
    index = np.arange(12).reshape(shape)
    kind = np.dtype(dtype).kind
    chosen = {"u": index, "i": index - 4, "f": (index - 4) * 0.375, "b": index % 3 == 0}[kind]
    return chosen.astype(dtype)


for dtype in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"):
    np.save(f"{dtype}.npy", values(dtype, (3, 4)))
for dtype in (">f2", ">f4", ">f8", ">i2", ">i4", ">u8"):
    np.save(f"{dtype[1:]}-big-endian.npy", values(dtype, (3, 4)))
for dtype in ("f4", "f8", "u1", ">i4"):
    name = dtype.replace(">", "") + ("-big-endian" if ">" in dtype else "")
    np.save(f"{name}-fortran.npy", np.asfortranarray(values(dtype, (3, 4))))
    np.save(f"{name}-fortran-3d.npy", np.asfortranarray(values(dtype, (2, 3, 2))))
for version in ((2, 0), (3, 0)):
    with open(f"f4-version-{version[0]}.npy", "wb") as file:
        np.lib.format.write_array(file, values("f4", (3, 4)), version=version)
np.save("f8-number.npy", np.float64(0.375))
np.save("f4-empty.npy", np.zeros((0, 5), "f4"))

members = {
    "weight": values("f4", (3, 4)),
    "bias": values("f8", (3, 4)),
    "größe": values("i4", (2, 3, 2)),
    "mask": values("b1", (3, 4)),
    "long": np.zeros(5000, "f8"),
}
np.savez("stored.npz", **members)
np.savez_compressed("compressed.npz", **members)

# What a reader must refuse with a word about it.
np.save("unsupported-complex.npy", np.zeros(3, "c16"))
np.save("unsupported-text.npy", np.array(["a", "bc"]))
np.save("unsupported-records.npy", np.zeros(2, [("x", "f4"), ("y", "i4")]))
twice = io.BytesIO()
np.save(twice, values("u1", (3, 4)))
np.save(twice, values("u1", (3, 4)))
with open("malformed-two-arrays.npy", "wb") as file:
    file.write(twice.getvalue())

types = {"F16": "f2", "F32": "f4", "F64": "f8", "I8": "i1", "I16": "i2", "I32": "i4", "I64": "i8",
         "U8": "u1", "U16": "u2", "U32": "u4", "U64": "u8", "BOOL": "b1"}
header = {"__metadata__": {"note": "every type, ä \" \\ \n 😀", "format": "pt"}}
data = b""
for name in ("F64", "I64", "U64", "F32", "I32", "U32", "F16", "BF16", "I16", "U16", "I8", "U8", "BOOL"):
    if name == "BF16":
        part = (values("f4", (3, 4)).view("u4") >> 16).astype("<u2").tobytes()
    else:
        part = values(types[name], (3, 4)).tobytes()
    header[f"layer.{name}"] = {"dtype": name, "shape": [3, 4], "data_offsets": [len(data), len(data) + len(part)]}
    data += part
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open("types.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
