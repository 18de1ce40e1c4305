"""Whatever happens, in whatever order: never two programs of one instance, never a lost stop."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from svcctl.engine.life import Effect, Ending, Input, Instance, Phase, Stage, Told
from svcctl.engine.machine import step
from svcctl.spec.policy import (
    Hooks,
    Overlap,
    ReloadPolicy,
    RestartPolicy,
    RestartWhen,
    Schedule,
    StopPolicy,
    StopStep,
)
from svcctl.spec.service import Need, ServiceSpec, Type

HOOK = (("hook",),)

SPECS = st.builds(
    ServiceSpec,
    name=st.just("web"),
    exec=st.just(("web",)),
    type=st.sampled_from([Type.SERVICE, Type.ONESHOT]),
    needs=st.sampled_from([{}, {"db": Need.READY}]),
    hook=st.builds(
        Hooks,
        pre_start=st.sampled_from([(), HOOK]),
        post_start=st.sampled_from([(), HOOK]),
        pre_stop=st.sampled_from([(), HOOK]),
        post_stop=st.sampled_from([(), HOOK]),
    ),
    restart=st.builds(
        RestartPolicy,
        policy=st.sampled_from(RestartWhen),
        delay=st.sampled_from([0.0, 1.0]),
        max_delay=st.just(4.0),
        jitter=st.just(0.5),
        max=st.sampled_from([0, 1, 3]),
        window=st.just(50.0),
        min_uptime=st.just(5.0),
    ),
    stop=st.builds(
        StopPolicy,
        sequence=st.sampled_from([(), (StopStep(signal="INT"), StopStep(signal="TERM"))]),
    ),
    reload=st.sampled_from([ReloadPolicy(), ReloadPolicy(signal="HUP")]),
    schedule=st.one_of(
        st.none(), st.builds(Schedule, every=st.just(60.0), overlap=st.sampled_from(Overlap))
    ),
)

ASKED = st.sampled_from(
    [
        *(Told.START, Told.STOP, Told.RESTART, Told.PAUSE, Told.RESUME, Told.RELOAD, Told.RESET),
        *(Told.ARM, Told.DUE),
    ]
)


class World(RuleBasedStateMachine):
    """A keeper without processes: does what the machine asks, and reports as a real one would."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 0.0
        self.instance = Instance()
        self.programs = 0
        self.spawning = False
        self.sweeping = False
        self.hooks = ""
        self.waiting = False
        self.stopped_last = False

    @initialize(spec=SPECS)
    def define(self, spec: ServiceSpec) -> None:
        self.spec = spec

    def tell(self, kind: Told, *, ending: Ending = Ending.OK, leftover: bool = False) -> None:
        told = Input(kind=kind, at=self.at, chance=0.9, ending=ending, leftover=leftover)
        self.instance, effects = step(self.instance, told, self.spec)
        for effect in effects:
            self.carry_out(effect)

    def carry_out(self, effect: Effect) -> None:
        match effect:
            case Effect.SPAWN:
                assert not self.programs, "a second program"
                assert not self.spawning
                assert not self.sweeping, "a start while the last run is being swept up"
                assert not self.stopped_last, "a start after the last word was stop"
                self.spawning = True
            case Effect.RUN_PRE_START:
                assert not self.stopped_last
                self.hooks = "pre_start"
            case Effect.RUN_PRE_STOP:
                self.hooks = "pre_stop"
            case Effect.RUN_POST_STOP:
                self.hooks = "post_stop"
            case Effect.UNWATCH:
                self.hooks = ""
            case Effect.AWAIT_NEEDS:
                self.waiting = True
            case Effect.SWEEP:
                assert not self.programs
                self.sweeping = True
            case Effect.TAKE_STEP | Effect.KILL:
                assert self.programs
            case _:
                pass

    @rule(kind=ASKED)
    def somebody_asks(self, kind: Told) -> None:
        if kind in {Told.START, Told.RESTART, Told.ARM}:
            self.stopped_last = False
        if kind is Told.RELOAD and self.instance.phase is Phase.RUNNING:
            self.stopped_last = False
        self.tell(kind)
        if kind is Told.STOP:
            self.stopped_last = True

    @rule(seconds=st.sampled_from([0.1, 1.0, 10.0, 60.0]))
    def time_passes(self, seconds: float) -> None:
        self.at += seconds

    @precondition(lambda self: self.waiting)
    @rule()
    def needs_are_met(self) -> None:
        self.waiting = False
        self.tell(Told.NEEDS_MET)

    @precondition(lambda self: self.spawning)
    @rule(how=st.sampled_from([Told.SPAWNED, Told.SPAWNED, Told.SPAWN_FAILED]))
    def the_spawn_is_over(self, how: Told) -> None:
        self.spawning = False
        self.programs += how is Told.SPAWNED
        self.tell(how)

    @precondition(lambda self: self.hooks and not self.spawning)
    @rule(how=st.sampled_from([Told.HOOKS_DONE, Told.HOOKS_FAILED]))
    def hooks_are_over(self, how: Told) -> None:
        self.hooks = ""
        self.tell(how)

    @precondition(lambda self: self.programs and not self.spawning)
    @rule(ending=st.sampled_from(Ending), leftover=st.booleans())
    def the_program_ends(self, ending: Ending, leftover: bool) -> None:
        self.programs -= 1
        self.tell(Told.EXITED, ending=ending, leftover=leftover)

    @precondition(lambda self: self.sweeping)
    @rule()
    def all_is_swept(self) -> None:
        self.sweeping = False
        self.tell(Told.SWEPT)

    @precondition(lambda self: not self.spawning)
    @rule(
        kind=st.sampled_from(
            [
                *(Told.READY, Told.TIME_OVER, Told.FROZEN, Told.THAWED, Told.PROBE_FAILED),
                Told.MEMORY_EXCEEDED,
            ]
        )
    )
    def something_is_noticed(self, kind: Told) -> None:
        self.tell(kind)

    @invariant()
    def at_most_one_program(self) -> None:
        assert self.programs <= 1
        assert self.instance.child == bool(self.programs)

    @invariant()
    def delays_and_memory_are_bounded(self) -> None:
        assert 0.0 <= self.instance.delay <= 4.0 * 1.5
        assert len(self.instance.failures) <= 4
        assert len(self.instance.probe_failures) <= 4

    @invariant()
    def what_was_stopped_is_on_its_way_to_stopped(self) -> None:
        if self.stopped_last:
            assert self.spawning or self.instance.phase in {Phase.STOPPED, Phase.STOPPING}
            assert not self.instance.again

    @invariant()
    def only_what_runs_is_ready(self) -> None:
        assert not self.instance.ready or self.instance.phase is Phase.RUNNING
        stages = {Phase.STARTING, Phase.STOPPING}
        assert (self.instance.stage is not Stage.NONE) == (self.instance.phase in stages)

    def teardown(self) -> None:
        """From wherever it got to, a stop leads to stopped in finitely many turns."""
        if not hasattr(self, "spec"):
            return
        if self.spawning:
            self.the_spawn_is_over(Told.SPAWNED)
        self.somebody_asks(Told.STOP)
        for _ in range(10):
            if self.hooks:
                self.hooks_are_over(Told.HOOKS_DONE)
            if self.programs:
                self.the_program_ends(Ending.ABNORMAL, leftover=True)
            if self.sweeping:
                self.all_is_swept()
        assert self.instance.phase is Phase.STOPPED
        assert not self.programs


World.TestCase.settings = settings(max_examples=400, stateful_step_count=40, deadline=None)
TestWorld = World.TestCase
