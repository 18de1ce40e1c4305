"""What a person wrote about finding what is unusual in one service."""

from __future__ import annotations

from dataclasses import dataclass, field

from svcctl.spec.units import Duration, Period, Share


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectPolicy:
    """What is looked for without any rule; ``detect = false`` sets ``on`` alone."""

    on: bool = field(
        default=True, metadata={"doc": "look for it; detect = false is short for detect.on = false"}
    )
    learning: Period = field(
        default=86_400.0,
        metadata={"doc": "time it is learnt from before what is new in its output is told"},
    )
    sessions: bool = field(
        default=True, metadata={"doc": "compare what is logged under one id, such as request_id="}
    )
    error_rate: Share = field(
        default=0.05,
        metadata={"doc": "share of errors for five minutes that is told at once; 1: none is"},
    )
    latency: Duration = field(
        default=2.0,
        metadata={"doc": "time that one request in 100 exceeds for five minutes; 0: none is told"},
    )
