"""`tessera settings` and `tessera version`: what is in force, and what this is."""

from typing import Any

from tessera.cli import output
from tessera.cli.options import AsJSON, DataDir, examples

EXAMPLES = examples("settings", "settings --json")
VERSION_EXAMPLES = examples("version")

HIDDEN = {"master_key", "database", "database_direct"}
"""Settings that are never shown; only whether they are set."""


def show(*, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """List every setting with its value, default and purpose."""
    from tessera import settings

    chosen = settings.load(data_dir=data_dir)
    rows = [
        {
            "name": name,
            "environment": f"TESSERA_{name.upper()}",
            "value": _value(name, getattr(chosen, name)),
            "default": _value(name, field.default),
            "description": field.description,
        }
        for name, field in settings.Settings.model_fields.items()
    ]
    if as_json:
        output.document(rows)
        return
    for row in rows:
        mark = "" if row["value"] == row["default"] else f"   (default {_text(row['default'])})"
        output.data(f"{row['name']} = {_text(row['value'])}{mark}")
        output.data(f"    {row['description']}")


def _value(name: str, value: Any) -> Any:
    if name in HIDDEN:
        return None if value is None else "(set, not shown)"
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return output.NOTHING if value is None else str(value)


def version(*, as_json: AsJSON = False) -> None:
    """Show the version."""
    import tessera

    if as_json:
        output.document({"version": tessera.__version__})
    else:
        output.data(f"tessera {tessera.__version__}")
