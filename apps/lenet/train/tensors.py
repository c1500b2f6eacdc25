"""Tensor files, as apps/support/tensor_file.h reads them: all numbers little-endian.

    "lathe-tensors 1\\n"   16 bytes
    count                 uint32
    for each tensor       name length uint32, name, kind uint32, rank uint32, extents uint32 each, elements
    check                 uint32: CRC-32 of all bytes before it

Kinds: 1 float32, 2 float16, 3 int32, 4 int16, 5 uint8 (also bits, a byte each), 6 bits, packed.
"""

import struct
import zlib

import numpy as np

MAGIC = b"lathe-tensors 1\n"
KINDS = {np.dtype("<f4"): 1, np.dtype("<f2"): 2, np.dtype("<i4"): 3, np.dtype("<i2"): 4, np.dtype("u1"): 5}


def write(path, tensors):
    """tensors: name -> array; an array of bools is written as packed bits, the first in the lowest."""
    content = MAGIC + struct.pack("<I", len(tensors))
    for name, array in tensors.items():
        if array.dtype == bool:
            kind, elements = 6, np.packbits(array.ravel(), bitorder="little").tobytes()
        else:
            kind, elements = KINDS[array.dtype.newbyteorder("<")], array.astype(array.dtype.newbyteorder("<")).tobytes()
        content += struct.pack("<I", len(name)) + name.encode()
        content += struct.pack(f"<{2 + array.ndim}I", kind, array.ndim, *array.shape) + elements
    with open(path, "wb") as file:
        file.write(content + struct.pack("<I", zlib.crc32(content)))
