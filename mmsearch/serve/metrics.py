"""Figures for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from collections.abc import Callable

    from mmsearch.serve.service import Service

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """Requests by route and status, how long they took, and what the service holds, in a registry of its own."""

    def __init__(self, service: Service) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "mmsearch_requests", "Requests answered.", ("route", "method", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "mmsearch_request_seconds",
            "Time to answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        counts, searching = service.answers.counts, service.searching
        for name, about, value in (
            ("searches_under_way", "Searches that run or wait.", lambda: searching.under_way),
            ("answers_made", "Answers that were searched for.", lambda: counts.made),
            ("answers_remembered", "Answers that were known already.", lambda: counts.remembered),
            ("answers_shared", "Answers to requests equal to one under way.", lambda: counts.shared),
            ("answers_bytes", "Bytes of remembered answers.", lambda: service.answers.bytes),
            ("uploads_bytes", "Bytes of pictures that were sent.", lambda: service.uploads.bytes),
            ("ready", "Whether the encoder is loaded.", lambda: service.is_ready),
        ):
            self._gauge(name, about, value)

    def _gauge(self, name: str, about: str, value: Callable[[], float]) -> None:
        Gauge(f"mmsearch_{name}", about, registry=self.registry).set_function(value)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        self.requests.labels(route, method, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def written(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self.registry)
