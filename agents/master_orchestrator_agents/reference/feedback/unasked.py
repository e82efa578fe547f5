"""A survey that is not sent: there is no way in for its answers yet."""

from master_orchestrator_agents.reference.ports import Survey, SurveyAnswer


class UnaskedOwners:
    """Nobody is asked, so nobody answers; the rules that fired get their labels all the same."""

    def survey(self, survey: Survey) -> SurveyAnswer | None:  # noqa: ARG002  the name is the protocol's
        """No answer."""
        return None
