"""Trains LeNet (conv 20@5x5, pool, conv 50@5x5, pool, 500, 10) on the digits of apps/data.

    python lenet.py relu|tanh [--epochs 30] [--output FILE] [--onnx FILE]

Needs numpy; --onnx also onnx. The weights are kept as float16, and accuracy is measured on those.
"""

import argparse
import time

import numpy as np

import digits
import layers
import tensors

RELU = (lambda x: np.maximum(x, 0), lambda y: y > 0)
TANH = (np.tanh, lambda y: 1 - y * y)


class LeNet:
    def __init__(self, kind, rng):
        self.activation, self.slope = RELU if kind == "relu" else TANH

        def weights(*shape):
            fan = int(np.prod(shape[1:]))
            return rng.normal(0, np.sqrt((2 if kind == "relu" else 1) / fan), shape).astype(np.float32)

        self.parameters = [
            weights(20, 1, 5, 5), np.zeros(20, np.float32), weights(50, 20, 5, 5), np.zeros(50, np.float32),
            weights(500, 800), np.zeros(500, np.float32), weights(10, 500), np.zeros(10, np.float32),
        ]  # fmt: skip

    def logits(self, images):
        w1, b1, w2, b2, w3, b3, w4, b4 = self.parameters
        x, _ = layers.pool(self.activation(layers.conv(images[:, None], w1)[0] + b1[:, None, None]))
        x, _ = layers.pool(self.activation(layers.conv(x, w2)[0] + b2[:, None, None]))
        return self.activation(x.reshape(len(x), -1) @ w3.T + b3) @ w4.T + b4

    def gradients(self, images, labels, rng):
        w1, b1, w2, b2, w3, b3, w4, b4 = self.parameters
        x0 = images[:, None]
        z, columns1 = layers.conv(x0, w1)
        a1 = self.activation(z + b1[:, None, None])
        x1, chosen1 = layers.pool(a1)
        z, columns2 = layers.conv(x1, w2)
        a2 = self.activation(z + b2[:, None, None])
        x2, chosen2 = layers.pool(a2)
        flat = x2.reshape(len(x2), -1)
        a3 = self.activation(flat @ w3.T + b3)
        keep = (rng.random(a3.shape) < 0.6).astype(np.float32) / 0.6
        dropped = a3 * keep
        loss, d = layers.softmax_loss(dropped @ w4.T + b4, labels)
        dw4, db4 = d.T @ dropped, d.sum(0)
        d = (d @ w4) * keep * self.slope(a3)
        dw3, db3 = d.T @ flat, d.sum(0)
        d = layers.pool_back(chosen2, (d @ w3).reshape(x2.shape)) * self.slope(a2)
        dw2, d1 = layers.conv_back(x1, w2, columns2, d)
        db2 = d.sum((0, 2, 3))
        d = layers.pool_back(chosen1, d1) * self.slope(a1)
        dw1, _ = layers.conv_back(x0, w1, columns1, d, input_too=False)
        return loss, [dw1, d.sum((0, 2, 3)), dw2, db2, dw3, db3, dw4, db4]


def write_onnx(net, kind, path):
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    names = ["w1", "b1", "w2", "b2", "w3", "b3", "w4", "b4"]
    halves = [numpy_helper.from_array(p.astype(np.float16), n + "_half") for n, p in zip(names, net.parameters)]
    nodes = [helper.make_node("Cast", [n + "_half"], [n], to=TensorProto.FLOAT) for n in names]
    act = "Relu" if kind == "relu" else "Tanh"
    pool = {"kernel_shape": [2, 2], "strides": [2, 2]}
    nodes += [
        helper.make_node("Conv", ["image", "w1", "b1"], ["c1"]),
        helper.make_node(act, ["c1"], ["a1"]),
        helper.make_node("MaxPool", ["a1"], ["p1"], **pool),
        helper.make_node("Conv", ["p1", "w2", "b2"], ["c2"]),
        helper.make_node(act, ["c2"], ["a2"]),
        helper.make_node("MaxPool", ["a2"], ["p2"], **pool),
        helper.make_node("Flatten", ["p2"], ["f"]),
        helper.make_node("Gemm", ["f", "w3", "b3"], ["d3"], transB=1),
        helper.make_node(act, ["d3"], ["a3"]),
        helper.make_node("Gemm", ["a3", "w4", "b4"], ["logits"], transB=1),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, 28, 28])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 10])
    graph = helper.make_graph(nodes, "lenet_" + kind, [image], [logits], halves)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["relu", "tanh"])
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", default=None)
    parser.add_argument("--onnx", default=None)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    images, labels = digits.load("train")
    test_images, test_labels = digits.load("test")
    images, test_images = images.astype(np.float32) / 256, test_images.astype(np.float32) / 256
    net = LeNet(options.kind, rng)
    adam = layers.Adam(net.parameters)
    start, batch = time.time(), 50
    for epoch in range(options.epochs):
        order, total = rng.permutation(len(images)), 0.0
        distorted = digits.distort(images, rng)
        rate = 1e-3 * 0.5 * (1 + np.cos(np.pi * epoch / options.epochs)) + 1e-5
        for first in range(0, len(images), batch):
            chosen = order[first : first + batch]
            loss, gradients = net.gradients(distorted[chosen], labels[chosen], rng)
            adam.step(gradients, np.float32(rate))
            total += loss * len(chosen)
        spent = time.time() - start
        left = spent / (epoch + 1) * (options.epochs - epoch - 1)
        print(f"epoch {epoch + 1}/{options.epochs}: loss {total / len(images):.4f}, {spent:.0f} s, {left:.0f} s left",
              flush=True)  # fmt: skip
    net.parameters = [p.astype(np.float16).astype(np.float32) for p in net.parameters]
    right = (net.logits(test_images).argmax(1) == test_labels).mean()
    print(f"{100 * right:.1f} % of {len(test_labels)} test digits are right")
    names = ["w1", "b1", "w2", "b2", "w3", "b3", "w4", "b4"]
    output = options.output or digits.DATA / f"lenet-{options.kind}.tensors"
    # Matrices of dense layers are kept as (inputs, outputs).
    kept = [p.T.copy() if p.ndim == 2 else p for p in net.parameters]
    tensors.write(output, {n: p.astype(np.float16) for n, p in zip(names, kept)})
    if options.onnx:
        write_onnx(net, options.kind, options.onnx)


if __name__ == "__main__":
    main()
