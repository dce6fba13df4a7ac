"""What a proxy is asked to do. Each writes it down in its own way; nothing here knows one."""

from dataclasses import dataclass

PATH = "/v1/bench-{}"


@dataclass(frozen=True)
class Setting:
    """Callers stick to a variant by x-user-id, gold ones (x-tier) go to the second, and each request gets an id."""

    routes: int = 1
    variants: int = 2
    workers: int = 1
    feature: str = ""
    """What the gateway does otherwise than usual; a name of gateways.FEATURES."""

    @property
    def paths(self) -> list[str]:
        """The path of each route."""
        return [PATH.format(number) for number in range(self.routes)]

    @property
    def weights(self) -> dict[str, int]:
        """90 to 10 of two variants, the same for each of more."""
        if self.variants == 2:
            return {"v0": 90, "v1": 10}
        return {f"v{number}": 1 for number in range(self.variants)}
