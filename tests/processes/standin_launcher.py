"""The real launcher with a table of the tests' own: `standin_launcher.py RUN_DIR LISTENER WORKERS LIMIT`."""

import sys

from gateway.launcher import Launcher, open_board
from gateway.links.board import Board
from gateway.links.parent import Row
from gateway.links.rundir import RunDir

run_dir = RunDir(sys.argv[1])
listener, workers, limit = int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
descriptor = open_board(run_dir)
common = ("--run-dir", run_dir.path, "--board", str(descriptor), "--fds", f"{listener}:0")
rows = [
    Row(f"worker {index}", "standin", (*common, "--index", str(index)), (descriptor, listener), index, serves=True)
    for index in range(workers)
]
board = Board.create(descriptor, workers + 1)
launcher = Launcher(rows, board, slot=workers, limit=limit, serving={"board": descriptor})
code = launcher.run()
run_dir.remove()
sys.exit(code)
