"""FEEDBACK: how satisfied the customer is, and which rules were right."""

from master_orchestrator_agents.reference.feedback.agent import FeedbackAgent
from master_orchestrator_agents.reference.feedback.surveying import SurveyingAgent
from master_orchestrator_agents.reference.ports import Survey, SurveyAnswer, SurveyGateway

__all__ = ["FeedbackAgent", "Survey", "SurveyAnswer", "SurveyGateway", "SurveyingAgent"]
