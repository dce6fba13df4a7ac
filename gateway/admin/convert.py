"""Records to answers, where names or forms differ; what is alike is read off by the models themselves."""

from typing import Any

from gateway.admin import answers
from gateway.admin.operations import Operations, Outcome, Status
from gateway.core.plan import Plan
from gateway.core.records import Override, OverrideKey, Revision


def revision(record: Revision, *, kept: bool) -> answers.Revision:
    """A revision without its text."""
    return answers.Revision(**_revision(record, kept))


def revision_text(record: Revision, *, kept: bool) -> answers.RevisionText:
    """A revision with its text."""
    return answers.RevisionText(**_revision(record, kept), yaml=record.text.decode())


def outcome(record: Outcome, done: Override | None = None) -> answers.Outcome:
    """What a change came to; `done` is the override that was set."""
    return answers.Outcome(
        **_revision(record.revision, record.kept),
        changed=record.changed,
        notes=list(record.notes),
        override=override(done) if done else None,
    )


def override(record: Override) -> answers.Override:
    """An override with what belongs to its kind."""
    is_split = record.kind == "split_set"
    return answers.Override(
        kind=record.kind,
        subject=record.subject,
        who=record.who,
        why=record.why,
        since=record.since,
        expires=record.expires,
        split=record.split,
        rules=record.rules if is_split else None,
        previous=record.previous,
        state=record.state,
    )


def overrides(operations: Operations) -> list[answers.Override]:
    """Those in force."""
    return [override(each) for each in operations.overrides()]


def plan(record: Plan) -> answers.Plan:
    """A plan."""
    return answers.Plan(
        changes=[answers.PlannedChange.model_validate(each) for each in record.changes],
        routes={name: answers.RoutePlan.model_validate(each) for name, each in record.routes.items()},
        resets=list(record.resets),
        overrides_ended=[_named(key) for key in record.overrides_ended],
        overrides_kept=[_named(key) for key in record.overrides_kept],
        refused=list(record.refused),
    )


def status(record: Status) -> answers.Status:
    """Everything at a glance."""
    return answers.Status(
        revision=record.revision,
        file=answers.File.model_validate(record.file),
        kept=record.kept,
        overrides=[override(each) for each in record.overrides],
        routes={name: answers.Route.model_validate(each) for name, each in record.routes.items()},
        variants={name: answers.Variant.model_validate(each) for name, each in record.variants.items()},
        workers=[answers.Worker.model_validate(each) for each in record.workers],
    )


def _named(key: OverrideKey) -> answers.OverrideName:
    kind, subject = key
    return answers.OverrideName(kind=kind, subject=subject)


def _revision(record: Revision, kept: bool) -> dict[str, Any]:
    return {
        "revision": record.number,
        "author": record.author,
        "message": record.message,
        "time": record.time,
        "origin": record.origin,
        "hash": record.hash,
        "kept": kept,
    }
