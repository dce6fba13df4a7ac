"""HTTP/1.1 as bytes, toward clients and toward models. Knows no route, no variant and no YAML."""
