"""all-MiniLM-L6-v2 as an ONNX graph over one text, built from its weights. Only the first use of a machine comes here.

One text a run, and so neither padding nor mask: on a CPU a matrix of 30 rows keeps a core as busy as one of 240, and
a text's vector cannot depend on its neighbours, as it does where int8 scales are taken over a whole batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

LAYERS, HEADS, WIDTH = 6, 12, 384
MAX_TOKENS = 256
INPUT, OUTPUT = "token_ids", "vector"

# The first token's activations reach 30 in a few channels where 1 is usual. Inside one int8 range they would leave the
# others a handful of steps, so these channels are multiplied in float (Dettmers et al. 2022, LLM.int8()). Found as the
# largest absolute inputs of each multiplication over a few texts; cosine to float32 rises from .992 to .999.
RESIDUAL_OUTLIERS = (63, 99, 223, 267)
FEED_FORWARD_OUTLIERS: tuple[tuple[int, ...], ...] = ((856,), (607,), (218, 1004), (358,), (), ())

Weights = Mapping[str, NDArray[Any]]
Array = NDArray[Any]


def build(weights: Weights, *, quantised: bool) -> bytes:
    """The serialised graph: int64 ``token_ids[n]`` in, unit float32 ``vector[384]`` out."""
    graph = _Graph()
    linear: _Linear = graph.int8_linear if quantised else graph.float_linear
    x = _embed_tokens(graph, weights, quantised=quantised)
    for layer in range(LAYERS):
        x = _encoder_layer(graph, weights, layer, x, linear)
    # The mean's divisor would cancel in the normalisation.
    pooled = graph.op("ReduceSum", x, graph.constant([0]), keepdims=0)
    graph.op("LpNormalization", pooled, axis=-1, p=2, output=OUTPUT)
    return graph.serialise()


def quantise_rows(matrix: Array) -> tuple[Array, Array]:
    """int8 rows and their float32 scales: ``matrix`` is about ``rows * scales[:, None]``."""
    scales = np.abs(matrix).max(axis=1) / 127
    scales[scales == 0] = 1
    return np.rint(matrix / scales[:, None]).astype(np.int8), scales.astype(np.float32)


_Linear = Callable[[str, Array, Array, tuple[int, ...]], str]
"""Input name, weight (out, in), bias and the input's outlier channels to output name."""


class _Graph:
    """Collects nodes and constants; every operation returns the name of what it makes."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: Array | list[int]) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def op(self, kind: str, *inputs: str, domain: str = "", output: str = "", **attributes: Any) -> str:
        output = output or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], domain=domain, **attributes))
        return output

    def float_linear(self, x: str, weight: Array, bias: Array, outliers: tuple[int, ...] = ()) -> str:
        return self.op("Add", self.op("MatMul", x, self.constant(weight.T)), self.constant(bias))

    def int8_linear(self, x: str, weight: Array, bias: Array, outliers: tuple[int, ...] = ()) -> str:
        """Weights per output channel, the input by the range it has in this text (ONNX Runtime's fused operator)."""
        if not outliers:
            return self._int8_product(x, weight, bias)
        others = np.ones(weight.shape[1], np.float32)
        others[list(outliers)] = 0
        product = self._int8_product(self.op("Mul", x, self.constant(others)), weight * others, bias)
        picked = self.op("Gather", x, self.constant(list(outliers)), axis=1)
        return self.op("Gemm", picked, self.constant(weight[:, outliers].T), product)

    def _int8_product(self, x: str, weight: Array, bias: Array) -> str:
        rows, scales = quantise_rows(weight)
        zeros = self.constant(np.zeros(len(rows), np.int8))
        parts = (self.constant(rows.T), self.constant(scales), zeros, self.constant(bias))
        return self.op("DynamicQuantizeMatMul", x, *parts, domain="com.microsoft")

    def layer_norm(self, x: str, weights: Weights, name: str) -> str:
        scale, bias = self.constant(weights[f"{name}.weight"]), self.constant(weights[f"{name}.bias"])
        return self.op("LayerNormalization", x, scale, bias, axis=-1, epsilon=1e-12)

    def serialise(self) -> bytes:
        token_ids = helper.make_tensor_value_info(INPUT, TensorProto.INT64, ["tokens"])
        vector = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [WIDTH])
        graph = helper.make_graph(self.nodes, "minilm", [token_ids], [vector], self.constants)
        # 20 is the first opset with a native Gelu; IR 9 is what goes with it.
        opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
        return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString())


def _embed_tokens(graph: _Graph, weights: Weights, *, quantised: bool) -> str:
    words = weights["embeddings.word_embeddings.weight"]
    if quantised:  # the table is half of the file, and a row of it has hardly more than eight bits to say
        rows, scales = quantise_rows(words)
        picked = graph.op("Cast", graph.op("Gather", graph.constant(rows), INPUT), to=TensorProto.FLOAT)
        tokens = graph.op("Mul", picked, graph.op("Gather", graph.constant(scales[:, None]), INPUT))
    else:
        tokens = graph.op("Gather", graph.constant(words), INPUT)
    # Every token is of type 0 here, so that its vector is one more constant.
    positions = weights["embeddings.position_embeddings.weight"][:MAX_TOKENS]
    positions = positions + weights["embeddings.token_type_embeddings.weight"][0]
    count = graph.op("Shape", INPUT)
    zero = graph.constant([0])
    places = graph.op("Slice", graph.constant(positions), zero, count, zero)
    return graph.layer_norm(graph.op("Add", tokens, places), weights, "embeddings.LayerNorm")


def _encoder_layer(graph: _Graph, weights: Weights, layer: int, x: str, linear: _Linear) -> str:
    name = f"encoder.layer.{layer}"

    def dense(part: str, source: str, outliers: tuple[int, ...] = ()) -> str:
        return linear(source, weights[f"{name}.{part}.weight"], weights[f"{name}.{part}.bias"], outliers)

    attended = dense("attention.output.dense", _attention(graph, weights, f"{name}.attention.self", x, linear))
    x = graph.layer_norm(graph.op("Add", attended, x), weights, f"{name}.attention.output.LayerNorm")
    inner = graph.op("Gelu", dense("intermediate.dense", x, RESIDUAL_OUTLIERS))
    fed_forward = dense("output.dense", inner, FEED_FORWARD_OUTLIERS[layer])
    return graph.layer_norm(graph.op("Add", fed_forward, x), weights, f"{name}.output.LayerNorm")


def _attention(graph: _Graph, weights: Weights, name: str, x: str, linear: _Linear) -> str:
    """Every head over every token. Query, key and value come out of one multiplication."""
    size = WIDTH // HEADS
    shrink = np.float32(size**-0.5)  # of the scores, done once to the weights that make them
    factors = {"query": shrink, "key": np.float32(1), "value": np.float32(1)}
    weight = np.concatenate([weights[f"{name}.{part}.weight"] * factor for part, factor in factors.items()])
    bias = np.concatenate([weights[f"{name}.{part}.bias"] * factor for part, factor in factors.items()])
    together = linear(x, weight, bias, RESIDUAL_OUTLIERS)
    heads = graph.op("Reshape", together, graph.constant([0, 3 * HEADS, size]))
    axis = graph.constant([1])
    borders = [graph.constant([part * HEADS]) for part in range(4)]
    query, key, value = (graph.op("Slice", heads, borders[i], borders[i + 1], axis) for i in range(3))
    # Tokens by heads by size becomes heads by tokens by size, and the key's last two swap for the product.
    query, value = (graph.op("Transpose", part, perm=[1, 0, 2]) for part in (query, value))
    scores = graph.op("MatMul", query, graph.op("Transpose", key, perm=[1, 2, 0]))
    mixed = graph.op("MatMul", graph.op("Softmax", scores, axis=-1), value)
    return graph.op("Reshape", graph.op("Transpose", mixed, perm=[1, 0, 2]), graph.constant([0, WIDTH]))
