"""Who is compared: ours first."""

from bench_suite.contenders import Contender
from bench_suite.workflow_peers.dbos import Dbos
from bench_suite.workflow_peers.ours import Ours
from bench_suite.workflow_peers.peer import Start, WorkflowPeer, WorkflowThroughput
from bench_suite.workflow_peers.restate import Restate
from bench_suite.workflow_peers.temporal import Temporal
from bench_suite.workflow_peers.zeebe import Zeebe

PEERS: tuple[WorkflowPeer, ...] = (
    Ours(),
    Ours(fsynced=True),
    Restate(),
    Restate(python=True),
    Dbos(),
    Temporal(),
    Zeebe(),
)
WORKFLOWS: tuple[Contender, ...] = tuple(WorkflowThroughput(peer) for peer in PEERS)
START: tuple[Contender, ...] = tuple(Start(peer) for peer in PEERS)
