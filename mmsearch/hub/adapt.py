"""A foreign graph -> a tower as mmsearch runs it: pixels or token ids in, vectors out.

What the model's own program does before and after it becomes part of the graph: scaling and ordering pixels, filling
texts up, choosing the output. Lengths are made 1 where vectors are compared, as for any compiled tower.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.errors import EncoderError, MissingExtraError

if TYPE_CHECKING:
    from pathlib import Path

    from mmsearch.hub.source import Source

# What exporters call the vectors, best first.
OUTPUTS = (
    "image_embeds",
    "text_embeds",
    "image_embedding",
    "text_embedding",
    "embedding",
    "pooler_output",
    "output",
)
VECTORS, PIXELS, IDS, MASK = "vectors", "pixels", "input_ids", "attention_mask"
OUTER = "adapted"  # what names of our own begin with
LEAST_OPSET = 13


def need_packages() -> None:
    """MissingExtraError when graphs can't be read here: to be known before anything is fetched."""
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("making an encoder of ONNX files", "models") from error


def load_graph(path: Path) -> Any:
    """The model in ``path`` with its weights; EncoderError when it, or a file of its weights, can't be read."""
    need_packages()
    import onnx
    from onnx import external_data_helper

    try:
        model = onnx.load(path, load_external_data=False)
        for constant in external_data_helper._get_all_tensors(model):
            if external_data_helper.uses_external_data(constant):
                _refuse_elsewhere(constant, path)
        external_data_helper.load_external_data_for_model(model, str(path.parent))
    except EncoderError:
        raise
    except Exception as error:  # protobuf, onnx and the system raise many types
        raise EncoderError(f"{path} can't be read ({_short(error)}): get the encoder again") from error
    for constant in model.graph.initializer:
        constant.ClearField("external_data")
        constant.ClearField("data_location")
    opset = next((one.version for one in model.opset_import if one.domain in {"", "ai.onnx"}), 0)
    if opset < LEAST_OPSET:
        raise EncoderError(f"{path} is written in opset {opset} of ONNX: {LEAST_OPSET} and newer are read")
    return model


def _refuse_elsewhere(constant: Any, path: Path) -> None:
    """EncoderError when the weights of ``constant`` are said to lie outside the folder of ``path``."""
    places = [entry.value for entry in constant.external_data if entry.key == "location"]
    folder = path.parent.resolve()
    for place in places:
        if not (folder / place).resolve().is_relative_to(folder):
            raise EncoderError(f"{path} keeps weights outside its folder ({place!r}): get the encoder again")
        if not (folder / place).is_file():
            raise EncoderError(f"{path} keeps weights in {place}, which is missing: copy it too")


def adapt_visual(model: Any, source: Source) -> int:
    """Let ``model`` take pixels (n, size, size, 3) uint8 and give vectors; how many at a time, 0 for any number."""
    from onnx import TensorProto, helper

    given = _inputs(model, source.visual)
    if len(given) != 1:
        raise EncoderError(f"{source.visual} wants {', '.join(given)}: a picture tower has one input")
    [(name, value)] = given.items()
    kind, shape = value.type.tensor_type.elem_type, _shape(value)
    size = source.picture.size
    bytes_in = kind == TensorProto.UINT8
    sides = (shape[1:3] if bytes_in else shape[2:4]) if len(shape) == 4 else [None]
    if len(shape) != 4 or any(side not in {0, size} for side in sides):
        raise EncoderError(f"{source.visual} wants pictures of {shape}, its description says {size} pixels")
    inner = f"{OUTER}_picture"
    _rename_input(model.graph, name, inner)
    if bytes_in:  # the graph scales pixels itself
        nodes = [helper.make_node("Identity", [PIXELS], [inner])]
    else:
        scale = 1 / (255 * np.array(source.deviation))
        shift = -np.array(source.mean) / np.array(source.deviation)
        _constant(model.graph, f"{OUTER}_scale", scale.astype(np.float32))
        _constant(model.graph, f"{OUTER}_shift", shift.astype(np.float32))
        nodes = [
            helper.make_node("Cast", [PIXELS], [f"{OUTER}_floats"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{OUTER}_floats", f"{OUTER}_scale"], [f"{OUTER}_scaled"]),
            helper.make_node("Add", [f"{OUTER}_scaled", f"{OUTER}_shift"], [f"{OUTER}_shifted"]),
            helper.make_node("Transpose", [f"{OUTER}_shifted"], [inner], perm=[0, 3, 1, 2]),
        ]
    entry = helper.make_tensor_value_info(PIXELS, TensorProto.UINT8, [shape[0] or "n", size, size, 3])
    _begin(model.graph, [entry], nodes)
    _end(model.graph, source.visual, shape[0] or None)
    return shape[0]


def adapt_textual(model: Any, source: Source) -> None:
    """Let ``model`` take token ids and mask (1, t) int64 of one text and give its vector."""
    from onnx import TensorProto, helper

    given = _inputs(model, source.textual)
    masks = [name for name in given if "mask" in name]
    names = [name for name in given if name not in masks]
    if len(names) != 1 or len(masks) > 1:
        raise EncoderError(
            f"{source.textual} wants {', '.join(given)}: a text tower takes token ids and a mask"
        )
    length = _shape(given[names[0]])[-1]
    if length and length != source.context:
        raise EncoderError(f"{source.textual} wants {length} tokens, its description says {source.context}")
    padding = source.padding if source.padding is not None else (0 if length else None)
    nodes: list[Any] = []
    for name, outer, filler in [(names[0], IDS, padding), *((mask, MASK, 0) for mask in masks)]:
        kind, inner = given[name].type.tensor_type.elem_type, f"{OUTER}_{outer}"
        _rename_input(model.graph, name, inner)
        at = outer
        if padding is not None:
            _constant(model.graph, f"{inner}_tail", np.full((1, source.context), filler, np.int64))
            _constant(model.graph, f"{inner}_start", np.array([0], np.int64))
            _constant(model.graph, f"{inner}_stop", np.array([source.context], np.int64))
            _constant(model.graph, f"{inner}_axis", np.array([1], np.int64))
            nodes.append(helper.make_node("Concat", [at, f"{inner}_tail"], [f"{inner}_long"], axis=1))
            bounds = [f"{inner}_start", f"{inner}_stop", f"{inner}_axis"]
            nodes.append(helper.make_node("Slice", [f"{inner}_long", *bounds], [f"{inner}_whole"]))
            at = f"{inner}_whole"
        nodes.append(helper.make_node("Cast", [at], [inner], to=kind))
    entries = [helper.make_tensor_value_info(name, TensorProto.INT64, [1, "t"]) for name in (IDS, MASK)]
    _begin(model.graph, entries, nodes)
    _end(model.graph, source.textual, 1)


def _inputs(model: Any, path: Path) -> dict[str, Any]:
    constants = {constant.name for constant in model.graph.initializer}
    given = {value.name: value for value in model.graph.input if value.name not in constants}
    if any(name.startswith(OUTER) or name in {PIXELS, VECTORS} for name in given):
        raise EncoderError(f"{path} is an encoder of mmsearch already: name its directory")
    return given


def _shape(value: Any) -> list[int]:
    """The sides of an input, 0 where any will do."""
    return [int(side.dim_value) for side in value.type.tensor_type.shape.dim]


def _rename_input(graph: Any, name: str, new: str) -> None:
    for node in graph.node:
        for place, one in enumerate(node.input):
            if one == name:
                node.input[place] = new
    for value in [value for value in graph.input if value.name == name]:
        graph.input.remove(value)


def _constant(graph: Any, name: str, value: Any) -> None:
    from onnx import numpy_helper

    graph.initializer.append(numpy_helper.from_array(value, name))


def _begin(graph: Any, entries: list[Any], nodes: list[Any]) -> None:
    graph.input.extend(entries)
    for number, node in enumerate(nodes):
        node.name = f"{OUTER}_{entries[0].name}_{number}"
        graph.node.insert(number, node)


def _end(graph: Any, path: Path, batch: int | None) -> None:
    """Call the vectors among the outputs ``vectors``, and leave no other."""
    from onnx import TensorProto, helper

    there = {value.name: value for value in graph.output}
    flat = [name for name, value in there.items() if len(value.type.tensor_type.shape.dim) == 2]
    known = [name for name in OUTPUTS if name in there]
    if not known and len(flat) != 1:
        raise EncoderError(f"{path} gives {', '.join(there)}: none of them is known to be the vectors")
    chosen = known[0] if known else flat[0]
    dimension = _shape(there[chosen])[-1] or "d"
    del graph.output[:]
    graph.node.append(helper.make_node("Identity", [chosen], [VECTORS], f"{OUTER}_{VECTORS}"))
    entry = helper.make_tensor_value_info(VECTORS, TensorProto.FLOAT, [batch or "n", dimension])
    graph.output.append(entry)
    _drop_unread(graph)


def _drop_unread(graph: Any) -> None:
    """Nodes that nothing is read of, as the output of all tokens is made by; some converters leave them unordered."""
    writers = {output: node for node in graph.node for output in node.output}
    waiting, wanted = [value.name for value in graph.output], set[str]()
    while waiting:
        name = waiting.pop()
        if name in wanted:
            continue
        wanted.add(name)
        if (node := writers.get(name)) is not None:
            waiting += [*node.input, *(one for a in node.attribute if a.HasField("g") for one in _inner(a.g))]
    for node in [node for node in graph.node if wanted.isdisjoint(node.output)]:
        graph.node.remove(node)


def _inner(graph: Any) -> set[str]:
    names = {name for node in graph.node for name in node.input}
    return names.union(*(_inner(a.g) for node in graph.node for a in node.attribute if a.HasField("g")))


def _short(error: BaseException) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
