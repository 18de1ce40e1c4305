"""Every metric of the agent: its name, its unit, its labels and what it means.

Names after https://prometheus.io/docs/practices/naming/ and the exporters of systemd and of
processes; units are seconds and bytes.
"""

from __future__ import annotations

from svcctl.observe.metrics.exposition import Family, Kind

_INSTANCE = ("service", "service_instance")  # "instance" is what Prometheus calls an agent


def _gauge(name: str, text: str, *labels: str) -> Family:
    return Family(name=f"svcctl_{name}", kind=Kind.GAUGE, help=text, labels=labels)


def _counter(name: str, text: str, *labels: str) -> Family:
    return Family(name=f"svcctl_{name}_total", kind=Kind.COUNTER, help=text, labels=labels)


BUILD = _gauge("build_info", "The agent's version; always 1.", "version")
AGENT_START = _gauge("agent_start_time_seconds", "When the agent started, since 1970.")
AGENT_CPU = _counter("agent_cpu_seconds", "Processor time of the agent itself.")
AGENT_MEMORY = _gauge("agent_memory_bytes", "Resident memory of the agent itself.")
AGENT_THREADS = _gauge("agent_threads", "Threads of the agent itself.")
AGENT_FILES = _gauge("agent_open_fds", "Files (on Windows handles) the agent itself has open.")
AGENT_GATHER = _gauge("agent_gather_duration_seconds", "How long it took to gather this page.")
VERBS = _counter("verbs", "Verbs carried out: done, or the code of an error.", "verb", "result")
VERB_SECONDS = _counter("verb_seconds", "Time that verbs took.", "verb")
EVENTS = _counter("events", "Events stated.", "kind")

INFO = _gauge(
    "service_info", "The definition it runs with; always 1.", *_INSTANCE, "manager", "revision"
)
UP = _gauge("service_up", "Whether its program runs.", *_INSTANCE)
PHASE = _gauge("service_phase", "1 for the phase it is in, 0 for the others.", *_INSTANCE, "phase")
READY = _gauge("service_ready", "Whether it is ready to be used.", *_INSTANCE)
LIVE = _gauge("service_live", "What its live probes say, where it has any.", *_INSTANCE)
START = _gauge("service_start_time_seconds", "When its program started, since 1970.", *_INSTANCE)
UPTIME = _gauge("service_uptime_seconds", "How long its program has run.", *_INSTANCE)
RESTARTS = _counter(
    "service_restarts",
    "Restarts that nobody asked for: exited, not-ready, probe, memory.",
    *_INSTANCE,
    "reason",
)
STARTS = _counter("service_starts", "Programs started since the agent started.", *_INSTANCE)
EXITS = _counter(
    "service_exits", "Ends of its program, by exit code or signal.", *_INSTANCE, "status"
)
LAST_EXIT = _gauge("service_last_exit_code", "Exit code of its program's last end.", *_INSTANCE)
CPU = _counter(
    "service_cpu_seconds",
    "Processor time of all its processes, of their own (user) and in the kernel (system).",
    *_INSTANCE,
    "mode",
)
MEMORY = _gauge(
    "service_memory_bytes",
    "Memory of all its processes: resident, and of suspects what is private.",
    *_INSTANCE,
    "memtype",
)
MEMORY_TREND = _gauge(
    "service_memory_trend_bytes_per_second",
    "How fast its memory grows, where that looks like a leak; see the findings.",
    *_INSTANCE,
)
PROCESSES = _gauge("service_processes", "Its processes.", *_INSTANCE)
THREADS = _gauge("service_threads", "Threads of all its processes.", *_INSTANCE)
FILES = _gauge("service_open_fds", "Files (on Windows handles) it has open.", *_INSTANCE)
IO = _counter("service_io_bytes", "Bytes it read from disks and wrote.", *_INSTANCE, "direction")

_PROBE = (*_INSTANCE, "probe", "purpose")
PROBE_GOOD = _gauge("probe_success", "Whether the probe's verdict is good.", *_PROBE)
PROBE_SECONDS = _gauge("probe_duration_seconds", "How long its last check took.", *_PROBE)
PROBE_FAILURES = _counter("probe_failures", "Times its verdict turned bad.", *_PROBE)

LINES = _counter("log_lines", "Lines captured, by level.", *_INSTANCE, "stream", "level")
CAPTURED = _counter("log_bytes", "Output captured.", *_INSTANCE)
LAG = _gauge("log_lag_bytes", "Output not captured yet; of a log of others, not read.", *_INSTANCE)
PAUSED = _gauge("log_capture_paused", "Streams that cannot be captured now.", *_INSTANCE)

FINDINGS = _counter("findings", "What detectors and rules found.", "service", "kind")
FINDINGS_OPEN = _gauge("findings_open", "What was found and is not over.", "service", "kind")
HEALINGS = _counter("healings", "What was done by itself, or held back.", "service", "result")
ALERTS = _counter("alerts", "Alerts that began.", "service", "priority")
FIRING = _gauge("alerts_firing", "Alerts that people are told of now.", "service", "priority")
NOTIFICATIONS = _counter("notifications", "What channels were given.", "channel", "result")

SHIPPING_LAG_BYTES = _gauge(
    "shipping_lag_bytes", "Logs on disk that its receiver has not taken.", "receiver"
)
SHIPPING_LAG_LINES = _gauge(
    "shipping_lag_lines", "Lines on disk that its receiver has not taken.", "receiver"
)
SHIPPING_LAG_SECONDS = _gauge(
    "shipping_lag_seconds", "Age of the oldest line it has not taken.", "receiver"
)
SHIPPING_FAILING = _gauge(
    "shipping_failing", "Whether the last try to send to it failed.", "receiver"
)
SHIPPING_LAST_SENT = _gauge(
    "shipping_last_success_time_seconds", "When it last took records, since 1970.", "receiver"
)
SHIPPING_RECORDS = _counter(
    "shipping_records",
    "Records ever: sent, set aside as refused for good, perhaps repeated after a kill.",
    "receiver",
    "result",
)
SHIPPING_LOST = _counter(
    "shipping_lost_lines", "Lines let go as there was no room for them.", "receiver"
)

FAMILIES = tuple(each for each in list(globals().values()) if isinstance(each, Family))
"""All of them, in the order of the page."""
