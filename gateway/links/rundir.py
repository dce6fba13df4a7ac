"""The run directory: what the processes of one running gateway share by name. Private to its user.

It decides how a file of it is replaced and who removes it. It must not know what the files mean.
"""

import os

SNAPSHOT = "snapshot"
"""The snapshot in force, as every process of the gateway loads it when it starts."""
PERMITS = "permits"
"""An empty file; its bytes are locked, and so counted, by whoever has a permit."""
STANDING = "standing"
"""What is in force with all that belongs to it, for a control that comes back."""
PLAN = "plan"
"""What the launcher is to run."""
SHADOWS = "shadows"
"""What shadows' comparisons found and the store does not have yet, for a control that comes back."""
LIMIT = "limit"
"""Seconds a drain may take, where a reload has changed them since the start; a decimal number."""


class RunDir:
    """One directory; plain files only."""

    def __init__(self, path: str) -> None:
        self.path = path

    @property
    def control_socket(self) -> str:
        """Where workers find control."""
        return os.path.join(self.path, "control.sock")

    @property
    def shadow_socket(self) -> str:
        """Where workers and control find the shadow process."""
        return os.path.join(self.path, "shadow.sock")

    def write(self, name: str, content: bytes) -> None:
        """Replaces a file at once: a reader sees the old content or the new."""
        path = os.path.join(self.path, name)
        with open(path + ".new", "wb") as file:
            file.write(content)
        os.replace(path + ".new", path)

    def read(self, name: str) -> bytes:
        """The content of a file."""
        with open(os.path.join(self.path, name), "rb") as file:
            return file.read()

    def remove(self) -> None:
        """Removes the directory and all that is in it. Whoever outlives the launcher does it; all of them may."""
        try:
            for name in os.listdir(self.path):
                os.unlink(os.path.join(self.path, name))
            os.rmdir(self.path)
        except OSError:
            pass  # another process was faster
