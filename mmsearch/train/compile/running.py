"""Run an ONNX file on batches, on all cores, as it is meant: without kernels that saturate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def run_graph(path: Path, batches: Sequence[Mapping[str, Any]]) -> Any:
    """The first output of the graph in ``path`` for all of ``batches`` (input name -> array), one under the other."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = False
    options.add_session_config_entry("session.x64quantprecision", "1")
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, dict(batch))[0] for batch in batches])
