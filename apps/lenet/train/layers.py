"""The few layers that the networks need, forward and backward; images are (n, channel, y, x)."""

import numpy as np


class Adam:
    def __init__(self, parameters):
        self.parameters = parameters
        self.first = [np.zeros_like(p) for p in parameters]
        self.second = [np.zeros_like(p) for p in parameters]
        self.steps = 0

    def step(self, gradients, rate):
        self.steps += 1
        correction = np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps)
        for p, g, m, v in zip(self.parameters, gradients, self.first, self.second):
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            p -= rate * correction * m / (np.sqrt(v) + 1e-8)


def windows(x, size):
    """(n * oy * ox, channels * size * size)"""
    w = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))
    return np.ascontiguousarray(w.transpose(0, 2, 3, 1, 4, 5)).reshape(-1, x.shape[1] * size * size)


def conv(x, weights):
    """Without padding. Returns the result and what conv_back needs."""
    n, out, side = x.shape[0], weights.shape[0], x.shape[2] - weights.shape[2] + 1
    columns = windows(x, weights.shape[2])
    y = (columns @ weights.reshape(out, -1).T).reshape(n, side, side, out).transpose(0, 3, 1, 2)
    return y, columns


def conv_back(x, weights, columns, dy, input_too=True):
    n, out, side = dy.shape[:3]
    size = weights.shape[2]
    flat = np.ascontiguousarray(dy.transpose(0, 2, 3, 1)).reshape(-1, out)
    dw = (flat.T @ columns).reshape(weights.shape)
    if not input_too:
        return dw, None
    d = (flat @ weights.reshape(out, -1)).reshape(n, side, side, x.shape[1], size, size)
    dx = np.zeros(x.shape, np.float32)
    for i in range(size):
        for j in range(size):
            dx[:, :, i : i + side, j : j + side] += d[:, :, :, :, i, j].transpose(0, 3, 1, 2)
    return dw, dx


def pool(x):
    """Maximum of 2 x 2; and which elements it was."""
    n, c, h, w = x.shape
    y = x.reshape(n, c, h // 2, 2, w // 2, 2).max(axis=(3, 5))
    chosen = x == y.repeat(2, axis=2).repeat(2, axis=3)
    return y, chosen


def pool_back(chosen, dy):
    return chosen * dy.repeat(2, axis=2).repeat(2, axis=3)


def softmax_loss(logits, labels):
    """Mean cross entropy and its gradient."""
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    n = np.arange(len(labels))
    loss = -np.log(p[n, labels] + 1e-12).mean()
    p[n, labels] -= 1
    return loss, p / len(labels)
