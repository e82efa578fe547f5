"""Who is compared: ours first."""

from contenders import Contender

from workflow_peers.dbos import Dbos
from workflow_peers.ours import Ours
from workflow_peers.peer import Peer, Start, Throughput
from workflow_peers.restate import Restate
from workflow_peers.temporal import Temporal
from workflow_peers.zeebe import Zeebe

PEERS: tuple[Peer, ...] = (Ours(), Ours(fsynced=True), Restate(), Restate(python=True), Dbos(), Temporal(), Zeebe())
WORKFLOWS: tuple[Contender, ...] = tuple(Throughput(peer) for peer in PEERS)
START: tuple[Contender, ...] = tuple(Start(peer) for peer in PEERS)
