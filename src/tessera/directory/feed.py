"""Following the change feed: what other processes commit is in force here soon after."""

from tessera.directory.directory import Directory
from tessera.ports import DirectoryReader


async def catch_up(directory: Directory, reader: DirectoryReader) -> int:
    """Take in the notices that are new; how many there were.

    When notices are missing (this process slept longer than they are kept), begin afresh.
    """
    notices = await reader.notices_after(directory.sequence)
    if not notices:
        return 0
    if notices[0].sequence != directory.sequence + 1:
        await directory.load()
        return len(notices)
    for notice in notices:
        await directory.apply(notice)
        directory.sequence = notice.sequence
    return len(notices)
