"""`shopthread cloud alerts`: what is open, what rules there are, and of what nobody could be told."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from shopthread.cloud_setup import DatabaseUrl, DataDir, current_database, settings_of, told_in_one_line
from shopthread.console import out as console

if TYPE_CHECKING:
    from cloud.alerts.schemas import Alert
    from cloud.db import Database

_SHOWN = 1000


def alerts(
    tenant: Annotated[str, typer.Option(help="Whose.")] = "demo",
    state: Annotated[
        Literal["active", "open", "acknowledged", "resolved", "all"],
        typer.Option(help="Which alerts; active: open, acknowledged or not."),
    ] = "active",
    *,
    json: Annotated[bool, typer.Option("--json", help="One alert a line, as `GET /v1/alerts` has it.")] = False,
    evaluate: Annotated[
        bool, typer.Option("--evaluate", help="Judge every rule once first, as the cloud does by itself.")
    ] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Show alerts, the latest first, and how many rules, channels and dead deliveries there are.

    Rules and channels are set by `/v1/alert-rules`, `/v1/alert-channels` and the dashboard; docs/alerts.md tells how.
    Ends with status 3 where an alert is open that nobody acknowledged, so that scripts can ask.
    """
    with told_in_one_line():
        from cloud.app import make_alert_evaluator

        settings = settings_of(data_dir, database_url)
        with current_database(settings) as database:
            if evaluate:
                make_alert_evaluator(settings, database).step()
            found, summary, is_open = _read(database, tenant, state)
    for each in found:
        if json:
            typer.echo(each.model_dump_json())
        else:
            _print(each)
    if not json:
        console.print(summary, highlight=False)
    if is_open:
        raise typer.Exit(3)


def _read(database: "Database", tenant: str, state: str) -> "tuple[list[Alert], str, bool]":
    from cloud.alerts.delivery_repository import count_dead, list_channels
    from cloud.alerts.repository import count_active, list_alerts, list_rules
    from cloud.alerts.showing import show_alert

    with database.read() as session:
        counts = count_active(session, tenant)
        wanted = None if state == "all" else state
        rows = list_alerts(session, tenant, wanted, None, None, _SHOWN)  # type: ignore[arg-type]  # one of the states
        rules, channels = list_rules(session, tenant), list_channels(session, tenant)
        dead = count_dead(session, tenant)
    told = (
        f"{counts['open']} open, {counts['acknowledged']} acknowledged; {len(rules)} rules, {len(channels)} channels, "
        f"{dead} dead deliveries"
    )
    return [show_alert(row) for row in rows], told, counts["open"] > 0


def _print(alert: "Alert") -> None:
    from rich.markup import escape

    from cloud.alerts.messages import show

    where = " ".join(filter(None, (alert.store or alert.region or "all shops", alert.device)))
    by = f" by {alert.acknowledged_by}" if alert.acknowledged_by else ""
    line = f"{alert.opened_at}  {alert.severity:<8} {alert.state}{by}  {where}: {alert.rule_name}, "
    console.print(escape(f"{line}{alert.measure} {show(alert.value, alert.unit)}"), highlight=False, soft_wrap=True)
