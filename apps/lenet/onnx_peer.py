"""Runs an ONNX model by onnxruntime, on one thread, for `lenet --onnxruntime`.

    python onnx_peer.py MODEL IMAGES COUNT RESULT   writes the logits of float32 images, and prints the version
    python onnx_peer.py MODEL IMAGES COUNT SECONDS  prints the shortest time of a call, in seconds

Ends with 77 where this Python has no onnxruntime.
"""

import sys
import time

try:
    import numpy as np
    import onnxruntime as ort
except ImportError as missing:
    print(missing)
    sys.exit(77)


def main():
    model, images, count, last = sys.argv[1:]
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    pixels = np.fromfile(images, np.float32).reshape(int(count), 1, 28, 28)
    try:
        seconds = float(last)
    except ValueError:
        session.run(None, {name: pixels})[0].astype("<f4").tofile(last)
        print(ort.__version__)
        return
    # Bound once: what remains of Python is one call.
    binding = session.io_binding()
    binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(pixels))
    binding.bind_output(session.get_outputs()[0].name)
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end or best == float("inf"):
        start = time.perf_counter()
        session.run_with_iobinding(binding)
        best = min(best, time.perf_counter() - start)
    print(best)


main()
