"""Makes the files of this folder: volumes and meshes written by other programs than the package's.

usage: python make_fixtures.py        with NumPy, SciPy, trimesh, pycollada and h5py
"""

import pathlib

import h5py
import numpy
import scipy.io
import trimesh

folder = pathlib.Path(__file__).parent

# Volumes: a value for each voxel that tells its place, in extents that differ.
extents = (3, 4, 5)
places = numpy.arange(60).reshape(extents)
binary = (places % 3 == 0).astype(numpy.uint8)
small = numpy.arange(6.0).reshape(2, 3)


def save(name, variables, **options):
    scipy.io.savemat(folder / name, variables, **options)


save("plain.mat", {"hypercube": (places * 4 + 19).astype(numpy.uint8), "small": small})
save("deflated.mat", {"small": small, "hypercube": (places * 4 + 19).astype(numpy.uint8)}, do_compression=True)
save("doubles.mat", {"volume": places / 59.0, "name": "a text", "small": small})
save("singles-deflated.mat", {"volume": (places / 59.0).astype(numpy.float32)}, do_compression=True)
save("shorts.mat", {"volume": places.astype(numpy.int16) * 500})
save("logical.mat", {"volume": binary.astype(bool)}, do_compression=True)
save("two.mat", {"first": binary, "second": 1 - binary})
save("cells.mat", {"cells": numpy.array([[1, "a"]], dtype=object), "record": {"x": 1}, "volume": binary})
save("none.mat", {"small": small, "text": "a text"})
save("negative.mat", {"volume": places - 1.0})
save("infinite.mat", {"volume": numpy.where(places == 7, numpy.inf, places)})
save("complex.mat", {"volume": places * 1j})
save("version-4.mat", {"small": small}, format="4")

# Version 5 in the other order of bytes, written by hand after "MAT-File Format", chapter 1.
def element(number_type, data):
    padding = -len(data) % 8
    return numpy.array([number_type, len(data)], ">u4").tobytes() + data + bytes(padding)

matrix = (
    element(6, numpy.array([11, 0], ">u4").tobytes())  # uint16
    + element(5, numpy.array(extents, ">i4").tobytes())
    + element(1, b"volume")
    + element(4, (places * 1000).astype(">u2").tobytes("F"))
)
(folder / "big-endian.mat").write_bytes(
    b"MATLAB 5.0 MAT-file, by hand".ljust(124) + b"\x01\x00MI" + element(14, matrix))


# The class of an array in version 7.3, as MATLAB writes it: h5py's own strings are padded otherwise.
def set_class(dataset, kind):
    text = h5py.h5t.C_S1.copy()
    text.set_size(len(kind))
    text.set_strpad(h5py.h5t.STR_NULLTERM)
    scalar = h5py.h5s.create(h5py.h5s.SCALAR)
    attribute = h5py.h5a.create(dataset.id, b"MATLAB_class", text, scalar)
    attribute.write(numpy.array(kind.encode(), f"S{len(kind)}"), text)


# Version 7.3, as MATLAB lays it out: HDF5 behind 512 bytes, axes in reverse, the class as an attribute.
def save_hdf5(name, variables, **options):
    path = folder / name
    with h5py.File(path, "w", userblock_size=512) as file:
        for variable, (values, kind) in variables.items():
            dataset = file.create_dataset(variable, data=values.T, **options)
            set_class(dataset, kind)
    header = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, HDF5 schema 1.00 .".ljust(124) + b"\x00\x02IM"
    with open(path, "r+b") as file:
        file.write(header)


save_hdf5("hdf5.mat", {
    "hypercube": ((places * 4 + 19).astype(numpy.uint8), "uint8"), "small": (small, "double")})
save_hdf5("hdf5-deflated.mat", {"volume": (places / 59.0, "double")}, compression="gzip", chunks=(2, 2, 2))
with h5py.File(folder / "hdf5-without-header.mat", "w") as file:
    file["volume"] = binary
# What claims a terabyte in a file of some kilobytes.
with h5py.File(folder / "hdf5-absurd.mat", "w", userblock_size=512) as file:
    dataset = file.create_dataset("volume", (10000, 10000, 10000), "u1", chunks=(100, 100, 100))
    set_class(dataset, "uint8")
with open(folder / "hdf5-absurd.mat", "r+b") as file:
    file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")

numpy.save(folder / "bytes.npy", (places * 4 + 19).astype(numpy.uint8))
numpy.save(folder / "fortran.npy", numpy.asfortranarray(places.astype(">f4")))
numpy.save(folder / "logical.npy", binary.astype(bool))
numpy.save(folder / "long.npy", places.astype(numpy.int64))
numpy.save(folder / "half.npy", (places / 59.0).astype(numpy.float16))
numpy.save(folder / "plane.npy", small)
numpy.save(folder / "not-a-number.npy", numpy.full(extents, numpy.nan))

# Meshes: a box of sides 1, 2, 3 whose lowest corner is at (0.5, -1, 2): 8 vertices, 12 triangles, volume 6.
box = trimesh.creation.box(bounds=[[0.5, -1, 2], [1.5, 1, 5]])
for name in ["box.off", "box.dae", "box.glb", "box.ply", "box.obj"]:
    box.export(folder / name)
box.export(folder / "box.stl")
box.export(folder / "box-text.stl", file_type="stl_ascii")
# Two nodes: the unit cube in its place, and one moved by 10 along z and made twice as large.
scene = trimesh.Scene()
scene.add_geometry(trimesh.creation.box(), node_name="here")
moved = trimesh.transformations.scale_matrix(2)
moved[:3, 3] = [0, 0, 10]
scene.add_geometry(trimesh.creation.box(), node_name="there", transform=moved)
scene.export(folder / "scene.glb")
