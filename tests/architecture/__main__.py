"""`python -m tests.architecture` lists what is past the soft budgets: looked at, not forbidden."""

from tests.architecture import shape
from tests.architecture.modules import modules

for module in modules():
    for complaint in (
        *shape.long_file(module, shape.FILE_LINES_SOFT),
        *shape.long_function(module, shape.FUNCTION_LINES_SOFT),
    ):
        print(f"{module.path}: {complaint}")
