"""What runs between our own processes: the shared board and framed sockets. Bytes and bounds, no meaning."""
