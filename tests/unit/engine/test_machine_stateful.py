"""Whatever happens, in whatever order: never two programs of one instance, never a lost stop."""

from __future__ import annotations

import pytest
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

pytestmark = pytest.mark.slow

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
        Told.ARM,
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
        self.waiting = False
        self.timer = False
        self.armed = False
        self.frozen = False
        self.hooks = ""
        self.watched = ""
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
                self.spawn()
            case Effect.RUN_PRE_START | Effect.RUN_PRE_STOP | Effect.RUN_POST_STOP:
                assert not self.frozen
                assert effect is not Effect.RUN_PRE_START or not self.stopped_last
                self.hooks = effect.removeprefix("run-").replace("-", "_")
            case Effect.UNWATCH | Effect.WATCH_READY | Effect.WATCH_LIVE:
                self.watch(effect)
            case Effect.AWAIT_NEEDS:
                self.waiting = True
            case Effect.SWEEP:
                assert not self.programs
                self.sweeping = True
            case Effect.TAKE_STEP | Effect.KILL:
                assert self.programs
                assert not self.frozen
                self.timer = True
            case Effect.WAIT | Effect.DISARM:
                self.timer = effect is Effect.WAIT
            case Effect.FREEZE | Effect.THAW:
                assert self.programs
                self.frozen = effect is Effect.FREEZE
            case Effect.ARM_SCHEDULE | Effect.DISARM_SCHEDULE:
                assert self.spec.schedule
                self.armed = effect is Effect.ARM_SCHEDULE

    def spawn(self) -> None:
        assert not self.programs, "a second program"
        assert not self.spawning
        assert not self.sweeping, "a start while the last run is being swept up"
        assert not self.stopped_last, "a start after the last word was stop"
        self.spawning = True

    def watch(self, effect: Effect) -> None:
        if effect is Effect.UNWATCH:
            self.hooks = self.watched = ""
        else:
            self.watched = effect
            self.timer = effect is Effect.WATCH_READY

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

    @precondition(lambda self: self.timer and not self.spawning)
    @rule()
    def the_timer_rings(self) -> None:
        self.timer = False
        self.tell(Told.TIME_OVER)

    @rule()
    def a_run_is_due(self) -> None:
        """That may be late news, of a schedule that was disarmed just now."""
        self.armed = False
        self.tell(Told.DUE)

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
        self.frozen = False
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
                *(Told.READY, Told.FROZEN, Told.FREEZE_FAILED, Told.THAWED, Told.THAW_FAILED),
                *(Told.PROBE_FAILED, Told.MEMORY_EXCEEDED),
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
        assert (self.instance.delay > 0) == (self.instance.phase is Phase.BACKOFF)
        assert len(self.instance.failures) <= 4
        assert len(self.instance.probe_failures) <= 4

    @invariant()
    def what_has_spent_its_budget_has_failed(self) -> None:
        if self.instance.phase in {Phase.FAILED, Phase.STOPPED} or not hasattr(self, "spec"):
            return
        most = self.spec.restart.max
        assert len(self.instance.failures) <= most
        assert len(self.instance.probe_failures) <= most

    @invariant()
    def what_was_stopped_is_on_its_way_to_stopped(self) -> None:
        if self.stopped_last:
            assert self.spawning or self.instance.phase in {Phase.STOPPED, Phase.STOPPING}
            assert not self.instance.again
            assert not self.instance.queued
            assert not self.armed

    @invariant()
    def only_what_is_wanted_is_up(self) -> None:
        quiet = {Phase.STOPPED, Phase.FAILED, Phase.FINISHED}
        may_be_unwanted = self.spawning or self.instance.phase in {*quiet, Phase.STOPPING}
        assert self.instance.wanted or may_be_unwanted
        assert not self.instance.queued or self.instance.phase not in quiet

    @invariant()
    def what_is_wanted_on_schedule_is_armed(self) -> None:
        if hasattr(self, "spec") and self.spec.schedule:
            assert self.armed == self.instance.wanted

    @invariant()
    def only_what_runs_is_ready(self) -> None:
        assert self.instance.ready == (self.instance.phase is Phase.RUNNING)
        stages = {Phase.STARTING, Phase.STOPPING}
        assert (self.instance.stage is not Stage.NONE) == (self.instance.phase in stages)

    @invariant()
    def whatever_is_waited_for_is_under_way(self) -> None:
        stage = self.instance.stage
        assert self.spawning == (stage is Stage.SPAWNING)
        assert self.sweeping == (stage is Stage.SWEEPING)
        assert self.waiting or stage is not Stage.NEEDS
        if stage in {Stage.PRE_START, Stage.PRE_STOP, Stage.POST_STOP}:
            assert self.hooks == stage
        timed = {Stage.WARMING, Stage.ASKING, Stage.KILLING}
        assert self.timer == (stage in timed or self.instance.phase is Phase.BACKOFF)

    @invariant()
    def it_is_watched_while_it_is_up(self) -> None:
        assert (self.watched == Effect.WATCH_LIVE) == (self.instance.phase is Phase.RUNNING)
        assert (self.watched == Effect.WATCH_READY) == (self.instance.stage is Stage.WARMING)

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


World.TestCase.settings = settings(max_examples=400, stateful_step_count=40)
TestWorld = World.TestCase
