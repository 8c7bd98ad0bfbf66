"""`tessera customers`: bring customers in from a file (`files`), and work on one (`records`)."""

from tessera.cli.customers import files, records
from tessera.cli.groups import group

app = group("Customers of an organization.", "id")

app.command("import", help=files.HELP, epilog=files.EXAMPLES)(files.import_file)
app.command("show", epilog=records.SHOW_EXAMPLES)(records.show)
app.command("list", epilog=records.LIST_EXAMPLES)(records.list_all)
app.command("export", epilog=records.EXPORT_EXAMPLES)(records.export)
app.command("delete", epilog=records.DELETE_EXAMPLES)(records.delete)
app.command("purge", epilog=records.PURGE_EXAMPLES)(records.purge)
