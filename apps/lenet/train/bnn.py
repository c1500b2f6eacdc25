"""Trains a binary network on the digits of apps/data: weights and activations are +1 or -1.

    python bnn.py [--epochs 40] [--output FILE]

Image, black or white -> convolution 64@5x5 -> maximum of 2x2 -> normalise -> sign -> convolution 64@3x3 -> maximum of
2x2 -> normalise -> sign -> dense 256 -> normalise -> sign -> dense 10. Kept are bits (1 is +1) and integer thresholds:
a sign is +1 if and only if at most so many of the products are -1. A normalisation that falls is made one that rises
by inverting the next layer's weights. Needs numpy.
"""

import argparse
import time

import numpy as np

import digits
import layers
import tensors

EPSILON = 1e-4


def sign(x):
    return np.where(x >= 0, np.float32(1), np.float32(-1))


class Norm:
    """Batch normalisation over all axes but 1."""

    def __init__(self, channels):
        self.scale, self.shift = np.ones(channels, np.float32), np.zeros(channels, np.float32)
        self.mean, self.var = np.zeros(channels, np.float32), np.ones(channels, np.float32)

    def spread(self, v, like):
        return v.reshape((1, -1) + (1,) * (like.ndim - 2))

    def forward(self, x):
        axes = (0,) + tuple(range(2, x.ndim))
        mean, var = x.mean(axes), x.var(axes)
        self.mean += 0.1 * (mean - self.mean)
        self.var += 0.1 * (var - self.var)
        self.axes, self.deviation = axes, np.sqrt(var + EPSILON)
        self.normal = (x - self.spread(mean, x)) / self.spread(self.deviation, x)
        return self.normal * self.spread(self.scale, x) + self.spread(self.shift, x)

    def backward(self, dy):
        dshift, dscale = dy.sum(self.axes), (dy * self.normal).sum(self.axes)
        count = dy.size / len(self.scale)
        inner = dy - self.spread(dshift / count, dy) - self.normal * self.spread(dscale / count, dy)
        return inner * self.spread(self.scale / self.deviation, dy), [dscale, dshift]

    def inference(self, x):
        factor = self.scale / np.sqrt(self.var + EPSILON)
        return (x - self.spread(self.mean, x)) * self.spread(factor, x) + self.spread(self.shift, x)

    def thresholds(self, inputs):
        """The sign is +1 exactly when at most this many of `inputs` products are -1; and which channels are to be
        inverted for this to hold."""
        falls = self.scale < 0
        least = self.mean - self.shift * np.sqrt(self.var + EPSILON) / self.scale
        # x >= least, where x = inputs - 2 * wrong; a channel that falls: not (x > least)
        rises = np.floor((inputs - least) / 2)
        other = np.ceil((inputs - least) / 2) - 1
        return np.clip(np.where(falls, other, rises), -1, inputs).astype(np.int32), falls


class Bnn:
    def __init__(self, rng):
        draw = lambda *shape: rng.uniform(-0.5, 0.5, shape).astype(np.float32)
        self.weights = [draw(64, 1, 5, 5), draw(64, 64, 3, 3), draw(256, 1600), draw(10, 256)]
        self.norms = [Norm(64), Norm(64), Norm(256)]

    def parameters(self):
        return self.weights + [p for n in self.norms for p in (n.scale, n.shift)]

    def logits(self, images):
        w1, w2, w3, w4 = [sign(w) for w in self.weights]
        x = sign(self.norms[0].inference(layers.pool(layers.conv(images[:, None], w1)[0])[0]))
        x = sign(self.norms[1].inference(layers.pool(layers.conv(x, w2)[0])[0]))
        x = sign(self.norms[2].inference(x.reshape(len(x), -1) @ w3.T))
        return x @ w4.T

    def gradients(self, images, labels):
        w1, w2, w3, w4 = [sign(w) for w in self.weights]
        pass_on = lambda y: np.abs(y) <= 1
        x0 = images[:, None]
        z1, columns1 = layers.conv(x0, w1)
        p1, chosen1 = layers.pool(z1)
        y1 = self.norms[0].forward(p1)
        x1 = sign(y1)
        z2, columns2 = layers.conv(x1, w2)
        p2, chosen2 = layers.pool(z2)
        y2 = self.norms[1].forward(p2)
        flat = sign(y2).reshape(len(x0), -1)
        y3 = self.norms[2].forward(flat @ w3.T)
        x3 = sign(y3)
        loss, d = layers.softmax_loss(x3 @ w4.T / 8, labels)
        d /= 8
        dw4 = d.T @ x3
        d, n3 = self.norms[2].backward((d @ w4) * pass_on(y3))
        dw3 = d.T @ flat
        d, n2 = self.norms[1].backward((d @ w3).reshape(y2.shape) * pass_on(y2))
        dw2, d = layers.conv_back(x1, w2, columns2, layers.pool_back(chosen2, d))
        d, n1 = self.norms[0].backward(d * pass_on(y1))
        dw1, _ = layers.conv_back(x0, w1, columns1, layers.pool_back(chosen1, d), input_too=False)
        return loss, [dw1, dw2, dw3, dw4] + n1 + n2 + n3

    def kept(self):
        """Bits and thresholds; weights' last axis is the one that is packed into words."""
        w1, w2, w3, w4 = [w >= 0 for w in self.weights]
        t1, f1 = self.norms[0].thresholds(25)
        t2, f2 = self.norms[1].thresholds(576)
        t3, f3 = self.norms[2].thresholds(1600)
        w2 = w2 ^ f1[None, :, None, None]
        w3 = w3.reshape(256, 64, 5, 5) ^ f2[None, :, None, None]
        w4 = w4 ^ f3[None, :]
        return {
            "w1": w1.reshape(64, 25), "t1": t1, "w2": w2.transpose(0, 2, 3, 1).copy(), "t2": t2,
            "w3": w3.transpose(0, 2, 3, 1).copy(), "t3": t3, "w4": w4,
        }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", default=digits.DATA / "bnn.tensors")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    images, labels = digits.load("train")
    test_images, test_labels = digits.load("test")
    black = lambda x: np.where(x >= 96 / 256, np.float32(1), np.float32(-1))
    net = Bnn(rng)
    adam = layers.Adam(net.parameters())
    start, batch = time.time(), 50
    for epoch in range(options.epochs):
        order, total = rng.permutation(len(images)), 0.0
        distorted = black(digits.distort(images.astype(np.float32) / 256, rng, 0.8))
        rate = 4e-3 * 0.5 * (1 + np.cos(np.pi * epoch / options.epochs)) + 2e-5
        for first in range(0, len(images), batch):
            chosen = order[first : first + batch]
            loss, gradients = net.gradients(distorted[chosen], labels[chosen])
            adam.step(gradients, np.float32(rate))
            for w in net.weights:
                np.clip(w, -1, 1, out=w)
            total += loss * len(chosen)
        spent = time.time() - start
        left = spent / (epoch + 1) * (options.epochs - epoch - 1)
        print(f"epoch {epoch + 1}/{options.epochs}: loss {total / len(images):.4f}, {spent:.0f} s, {left:.0f} s left",
              flush=True)  # fmt: skip
    right = (net.logits(black(test_images.astype(np.float32) / 256)).argmax(1) == test_labels).mean()
    print(f"{100 * right:.1f} % of {len(test_labels)} test digits are right")
    tensors.write(options.output, net.kept())


if __name__ == "__main__":
    main()
