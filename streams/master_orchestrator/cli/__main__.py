"""`python -m master_orchestrator.cli`: what the supervisor starts its children with."""

from master_orchestrator.cli.main import main

main()
