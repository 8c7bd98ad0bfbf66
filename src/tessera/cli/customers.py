"""`tessera customers`: bring customers in from a file (`customer_files`), and work on one (`customer_records`)."""

from tessera.cli import customer_files, customer_records
from tessera.cli.groups import group

app = group("Customers of an organization.", "id")

app.command("import", help=customer_files.HELP, epilog=customer_files.EXAMPLES)(customer_files.import_file)
app.command("show", epilog=customer_records.SHOW_EXAMPLES)(customer_records.show)
app.command("list", epilog=customer_records.LIST_EXAMPLES)(customer_records.list_all)
app.command("export", epilog=customer_records.EXPORT_EXAMPLES)(customer_records.export)
app.command("delete", epilog=customer_records.DELETE_EXAMPLES)(customer_records.delete)
app.command("purge", epilog=customer_records.PURGE_EXAMPLES)(customer_records.purge)
