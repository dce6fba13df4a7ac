"""The real launcher and its real table, with the tests' own server in the workers: `standin_launcher.py RUN_DIR`.

With `hangup` in STANDIN control is a stand-in too, with `shadowless` the shadow process cannot be started."""

import json
import os
import sys
from functools import partial

from gateway.launcher import Launcher, drain_limit, open_board, table
from gateway.links.board import Board
from gateway.links.rundir import PLAN, RunDir

run_dir = RunDir(sys.argv[1])
plan = json.loads(run_dir.read(PLAN))
descriptor = open_board(run_dir)
control = "standin_control" if os.environ.get("STANDIN") == "hangup" else "gateway.control.main"
modules = {"gateway.proxy.worker": "standin", "gateway.control.main": control}
if os.environ.get("STANDIN") == "shadowless":
    modules["gateway.shadow.main"] = "nowhere"
rows = [row._replace(module=modules.get(row.module, row.module)) for row in table(plan, run_dir.path, descriptor)]
board = Board.create(descriptor, len(rows) + 1)
limit = partial(drain_limit, run_dir, plan["limit"])
launcher = Launcher(rows, board, slot=len(rows), limit=limit, serving={"board": descriptor})
code = launcher.run()
run_dir.remove()
sys.exit(code)
