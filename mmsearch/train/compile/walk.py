"""Run a quantized ONNX graph node by node, for samples: as it is, or in floats as if nothing were rounded."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Walk:
    """What the nodes of ``model`` that were run give for each of ``batches`` (input name -> array).

    With ``exact``, activations stay floats and only keep to the range that their integers have, and weights may be
    floats too: ``constants`` can be changed on the way. What no later node needs is forgotten.
    """

    def __init__(self, model: Any, batches: Sequence[Mapping[str, Any]], *, exact: bool) -> None:
        from onnx import numpy_helper

        self.constants = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
        self.batches, self.exact = len(batches), exact
        self._opsets = list(model.opset_import)
        self._given = [dict(batch) for batch in batches]
        self._readers = Counter(name for node in model.graph.node for name in node.input)
        self._readers.update(output.name for output in model.graph.output)
        self._scales = {  # of rounded activations, which are kept as long as these
            node.output[0]: node.output[1]
            for node in model.graph.node
            if node.op_type == "DynamicQuantizeLinear"
        }
        # DequantizeLinear is done when asked for: its integers are smaller
        self._waiting: dict[str, Any] = {}
        self._last: tuple[str, Any] | None = None  # the weights of the product that is run, as floats

    def value(self, name: str, batch: int) -> Any:
        """What is called ``name`` in batch number ``batch``, as an array."""
        if name in self.constants:
            return self.constants[name]
        if name in self._waiting:
            return self._dequantize(self._waiting[name], batch)
        return self._given[batch][name]

    def scale_of(self, name: str, batch: int) -> Any:
        """The scale of the activations called ``name``, which DequantizeLinear gives or DynamicQuantizeLinear made."""
        if name in self._waiting:
            return self.constants[self._waiting[name].input[1]]
        return self.value(self._scales[name], batch)

    def run(self, node: Any) -> None:
        """Run ``node``, whose inputs have been run."""
        if node.op_type == "DequantizeLinear":
            self._waiting[node.output[0]] = node
            return
        session = self._last = None
        for batch in range(self.batches):
            inputs = [self.value(name, batch) if name else None for name in node.input]
            made = self._in_floats(node, inputs) if self.exact else None
            if made is None:
                session = session or self._session(node, inputs)
                made = session.run(None, {f"input{i}": np.asarray(x) for i, x in _present(inputs)})
            self._given[batch].update(zip(filter(None, node.output), made, strict=True))
        self._forget(node)

    def _forget(self, node: Any) -> None:
        for name in node.input:
            self._readers[name] -= 1
            if self._readers[name]:
                continue
            for values in self._given:
                values.pop(name, None)
            if (waiting := self._waiting.pop(name, None)) is not None:
                self._forget(waiting)

    def _dequantize(self, node: Any, batch: int) -> Any:
        name = node.input[0]
        levels, scale = self.value(name, batch), self.constants[node.input[1]]
        if levels.dtype == np.float32 and name not in self.constants:
            return levels  # never rounded
        zero = self.constants[node.input[2]].astype(np.float32)
        if scale.ndim:
            axis = next((one.i for one in node.attribute if one.name == "axis"), 1)
            shape = [-1 if place == axis % levels.ndim else 1 for place in range(levels.ndim)]
            scale, zero = scale.reshape(shape), zero.reshape(shape if zero.ndim else ())
        return (levels.astype(np.float32) - zero) * scale

    def _plain(self, node: Any) -> Any:
        """The weights of an integer product as floats, kept for the batches that follow."""
        name, zero = node.input[1], node.input[3]
        if self._last is None or self._last[0] != name:
            levels = self.constants[name].astype(np.float32) - self.constants[zero].astype(np.float32)
            self._last = (name, levels)
        return self._last[1]

    def _in_floats(self, node: Any, inputs: list[Any]) -> list[Any] | None:
        """What a node that would round gives without; None for any other."""
        if node.op_type == "QuantizeLinear":
            values, scale, zero = inputs
            range_ = np.iinfo(zero.dtype)
            lowest, highest = ((end - zero.astype(np.float32)) * scale for end in (range_.min, range_.max))
            return [values.clip(lowest, highest)]
        if node.op_type == "DynamicQuantizeLinear":
            return [inputs[0], np.float32(1), np.float32(0)]
        if node.op_type == "MatMulInteger":
            return [inputs[0] @ self._plain(node)]
        return None

    def _session(self, node: Any, inputs: list[Any]) -> Any:
        """A session that runs ``node`` alone."""
        import onnxruntime
        from onnx import ValueInfoProto, helper

        types = {i: helper.np_dtype_to_tensor_dtype(np.asarray(x).dtype) for i, x in _present(inputs)}
        given = [helper.make_tensor_value_info(f"input{i}", kind, None) for i, kind in types.items()]
        names = [f"input{i}" if i in types else "" for i in range(len(inputs))]
        alone = helper.make_node(node.op_type, names, list(node.output), domain=node.domain)
        alone.attribute.extend(node.attribute)
        made = [ValueInfoProto(name=name) for name in node.output if name]
        graph = helper.make_graph([alone], "node", given, made)
        model = helper.make_model(graph, opset_imports=self._opsets, ir_version=10)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.add_session_config_entry("session.x64quantprecision", "1")
        return onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )


def _present(inputs: list[Any]) -> list[tuple[int, Any]]:
    return [(place, value) for place, value in enumerate(inputs) if value is not None]


def run_exactly(model: Any, batches: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The first output of ``model`` for each of ``batches``, in floats as if nothing were rounded."""
    walk = Walk(model, batches, exact=True)
    for node in model.graph.node:
        walk.run(node)
    return [walk.value(model.graph.output[0].name, batch) for batch in range(walk.batches)]
