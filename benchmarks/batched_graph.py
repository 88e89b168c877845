"""all-MiniLM-L6-v2 as the usual exports have it: batches, padding and a mask in, one vector a token out.

Built from the weights, so that Chroma's default function can be measured without its download. With the native
LayerNormalization and Gelu it is if anything faster than an export that spells them out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

LAYERS, HEADS, WIDTH = 6, 12, 384


def build(weights: Mapping[str, Any]) -> bytes:
    nodes: list[Any] = []
    constants: list[Any] = []

    def constant(value: Any) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(value), f"constant_{len(constants)}"))
        return str(constants[-1].name)

    def op(kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        output = output or f"{kind}_{len(nodes)}"
        nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def linear(x: str, name: str) -> str:
        return op(
            "Add",
            op("MatMul", x, constant(weights[f"{name}.weight"].T)),
            constant(weights[f"{name}.bias"]),
        )

    def norm(x: str, name: str, output: str = "") -> str:
        scale, bias = constant(weights[f"{name}.weight"]), constant(weights[f"{name}.bias"])
        return op("LayerNormalization", x, scale, bias, output=output, axis=-1, epsilon=1e-12)

    def heads(x: str, perm: list[int]) -> str:
        return op("Transpose", op("Reshape", x, constant([0, 0, HEADS, WIDTH // HEADS])), perm=perm)

    def gather(name: str, ids: str) -> str:
        return op("Gather", constant(weights[f"embeddings.{name}_embeddings.weight"]), ids)

    length = op("Shape", "input_ids", start=1, end=2)
    positions = constant(weights["embeddings.position_embeddings.weight"])
    places = op("Slice", positions, constant([0]), length, constant([0]))
    x = op("Add", op("Add", gather("word", "input_ids"), gather("token_type", "token_type_ids")), places)
    x = norm(x, "embeddings.LayerNorm")
    ones = op("Unsqueeze", op("Cast", "attention_mask", to=TensorProto.FLOAT), constant([1, 2]))
    hidden = op("Mul", op("Sub", ones, constant(np.float32(1))), constant(np.float32(1e4)))
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        query = heads(linear(x, f"{name}.attention.self.query"), [0, 2, 1, 3])
        key = heads(linear(x, f"{name}.attention.self.key"), [0, 2, 3, 1])
        value = heads(linear(x, f"{name}.attention.self.value"), [0, 2, 1, 3])
        scores = op("Div", op("MatMul", query, key), constant(np.float32((WIDTH // HEADS) ** 0.5)))
        mixed = op("MatMul", op("Softmax", op("Add", scores, hidden), axis=-1), value)
        mixed = op("Reshape", op("Transpose", mixed, perm=[0, 2, 1, 3]), constant([0, 0, WIDTH]))
        attended = op("Add", linear(mixed, f"{name}.attention.output.dense"), x)
        x = norm(attended, f"{name}.attention.output.LayerNorm")
        fed_forward = linear(op("Gelu", linear(x, f"{name}.intermediate.dense")), f"{name}.output.dense")
        last = "last_hidden_state" if layer == LAYERS - 1 else ""
        x = norm(op("Add", fed_forward, x), f"{name}.output.LayerNorm", last)

    names = ("input_ids", "attention_mask", "token_type_ids")
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in names]
    output = helper.make_tensor_value_info(x, TensorProto.FLOAT, ["batch", "tokens", WIDTH])
    graph = helper.make_graph(nodes, "minilm", inputs, [output], constants)
    return bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9).SerializeToString()
    )
