"""The digits of apps/data, and random distortions of them."""

import gzip
import pathlib
import struct

import numpy as np

DATA = pathlib.Path(__file__).resolve().parents[2] / "data"


def read_idx(path, rank):
    with gzip.open(path, "rb") as file:
        content = file.read()
    magic, *sizes = struct.unpack(f">{1 + rank}I", content[: 4 * (1 + rank)])
    if magic != 0x800 + rank:
        raise SystemExit(f"{path} is no IDX file of bytes of rank {rank}")
    return np.frombuffer(content, np.uint8, offset=4 * (1 + rank)).reshape(sizes)


def load(part):
    """Images of 28 x 28 bytes and their labels; part is "train" or "test"."""
    return (
        read_idx(DATA / f"digits-{part}-images.idx3.gz", 3),
        read_idx(DATA / f"digits-{part}-labels.idx1.gz", 1),
    )


def distort(images, rng, strength=1.0):
    """Each image (floats) turned, sheared, scaled and shifted a little, at random; bilinear."""
    count, side = images.shape[0], images.shape[1]
    middle = (side - 1) / 2

    def draw(width):
        return rng.uniform(-width * strength, width * strength, count).astype(np.float32)

    angle, shear_y, shear_x = draw(0.22), draw(0.15), draw(0.15)
    scale_y, scale_x = 1 + draw(0.13), 1 + draw(0.13)
    shift_y, shift_x = draw(2.2), draw(2.2)
    y, x = np.meshgrid(*[np.arange(side, dtype=np.float32) - middle] * 2, indexing="ij")
    cos, sin = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    v = (y + shear_y[:, None, None] * x) * scale_y[:, None, None]
    u = (x + shear_x[:, None, None] * y) * scale_x[:, None, None]
    v, u = cos * v - sin * u + shift_y[:, None, None] + middle, sin * v + cos * u + shift_x[:, None, None] + middle
    v, u = np.clip(v, -1, side), np.clip(u, -1, side)
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2)))
    v0, u0 = np.floor(v).astype(np.int64), np.floor(u).astype(np.int64)
    fv, fu = v - v0, u - u0
    n = np.arange(count)[:, None, None]
    at = lambda dv, du: padded[n, v0 + 2 + dv, u0 + 2 + du]
    return ((1 - fv) * ((1 - fu) * at(0, 0) + fu * at(0, 1)) + fv * ((1 - fu) * at(1, 0) + fu * at(1, 1))).astype(
        np.float32
    )
