"""What several benchmarks say of the times that they measure."""

from __future__ import annotations

import statistics


def summary(samples: list[float]) -> dict[str, float]:
    """Median, 95th percentile and maximum of milliseconds, to a tenth."""
    found = sorted(samples)
    p95 = found[min(len(found) - 1, int(0.95 * len(found)))]
    figures = {"median_ms": statistics.median(found), "p95_ms": p95, "most_ms": found[-1]}
    return {name: round(value, 1) for name, value in figures.items()}
