"""The stages that an opportunity passes through, as data: a host replaces the standard ones with its own."""

from __future__ import annotations

from attrs import frozen

from crmkit.core.kernel.errors import DefinitionError, Invalid, shape


@frozen
class Stage:
    """How near a deal is."""

    code: str
    probability: int  #: per cent of the deals in this stage that are won in the end, as far as one knows


STANDARD_STAGES = (
    Stage("prospecting", 10),
    Stage("engaging", 30),
    Stage("proposing", 60),
    Stage("closing", 80),
)


@frozen
class Pipeline:
    """Stages in their order; opportunities start in the first and may jump.

    :raises DefinitionError: no stages, a code twice, a probability that is not 0 to 100
    """

    stages: tuple[Stage, ...] = STANDARD_STAGES

    def __attrs_post_init__(self) -> None:
        if not self.stages or len(self.codes) != len(set(self.codes)):
            raise DefinitionError(f"a pipeline of the stages {self.codes}", hint="at least one stage, each code once")
        if wrong := [stage for stage in self.stages if not 0 <= stage.probability <= 100]:
            raise DefinitionError(f"{wrong[0]}", hint="a probability is a whole number of per cent, 0 to 100")

    @property
    def codes(self) -> tuple[str, ...]:
        """The stages in their order."""
        return tuple(stage.code for stage in self.stages)

    @property
    def first(self) -> str:
        """Where an opportunity starts unless it is said otherwise."""
        return self.stages[0].code

    def stage(self, code: str) -> Stage:
        """The stage of this code.

        :raises Invalid: there is none; names those there are
        """
        for stage in self.stages:
            if stage.code == code:
                return stage
        raise Invalid("stage", f"got {shape(code)}", accepts=f"one of {', '.join(self.codes)}")
