"""What it takes to compare, put together. Only who has a copy to compare imports it: clients, parsers and rules are the
most of this process.
"""

from random import random

from gateway.links.board import Board
from gateway.links.log import Log
from gateway.links.rundir import RunDir
from gateway.shadow.comparing import Comparing
from gateway.shadow.desk import Desk
from gateway.shadow.noise import Noise
from gateway.shadow.pools import Pools
from gateway.shadow.present import Present
from gateway.shadow.records import Records
from gateway.shadow.tallies import Tallies


def made(run_dir: RunDir, board: Board, tallies: Tallies, log: Log) -> Desk:
    """The desk of this process."""
    return Desk(Comparing(Present(run_dir), Pools(), tallies, Noise(board, random), Records(log)), log)
