"""What a change came to, in words: the revision in force, whether it is kept, what else happened, who was first."""

from datetime import UTC, datetime

from gateway.cli import sheet, terminal
from gateway.cli.api import Api, ApiError, Document


def show(outcome: Document, done: str, *, as_json: bool) -> None:
    """Prints the answer to a change; `done` says it in one line."""
    if as_json:
        terminal.document(outcome)
        return
    terminal.result(done, style="green")
    for note in outcome["notes"]:
        terminal.result(f"  {note}")
    if not outcome["kept"]:
        terminal.message(
            "in force, and not kept yet: the store cannot be written now, and is tried again every second; "
            "`gateway status` shows when it is kept",
            style="yellow",
        )


def note_file(api: Api, *, as_json: bool) -> None:
    """Says so where the gateway's own file is not what is in force now. The change is made: nothing fails any more."""
    try:
        differs = not as_json and api.get("status")["file"]["differs"]
    except ApiError:
        return
    if differs:
        terminal.message(
            "the gateway's configuration file now differs from what is in force; it is read again when it changes",
            style="yellow",
        )


def revision(document: Document) -> str:
    """A revision in one line."""
    said = f": {document['message']}" if document["message"] else ""
    when = sheet.ago(document["time"], datetime.now(UTC))
    return f"revision {document['revision']} by {document['author']}, {when}{said}"


def changed(api: Api, *path: str | int, match: int, body: object, message: str) -> Document:
    """A change of the configuration on top of the revision `match`."""
    method = "PUT" if isinstance(body, bytes) else "POST"
    try:
        return api.call(method, *path, query={"message": message}, body=body, match=match).document
    except ApiError as error:
        if error.code != "stale":
            raise
        message = _somebody_was_first(api, error.details["revision"])
        raise ApiError(message, code=error.code, status=error.status, details=error.details) from None


def _somebody_was_first(api: Api, number: int) -> str:
    """Who, and what to do."""
    try:
        found = revision(api.get("revisions", number))
    except ApiError:
        found = f"revision {number}"
    advice = f"look at it with `gateway revisions {number} --diff`, bring it into yours, and try again"
    return f"somebody was first: {found} is in force now; {advice}"
