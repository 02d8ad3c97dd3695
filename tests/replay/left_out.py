"""The recorded calls that are not made here, by why not."""

LEFT_OUT: dict[str, tuple[str, ...]] = {
    "Nothing is kept about how pages show records: there are no views and no page layouts.": (
        *("M21", "P39", "P45"),
        *(f"N{number}" for number in range(50, 66)),
    ),
    "A new workspace has no records for trial.": ("X18", "X19", "X20", "X21"),
    "Pages of the recorded server are set up by this.": ("AF56",),
    "Workflows are records, which nothing runs.": ("P78", "P79"),
    "There is no server of the Model Context Protocol.": ("P80",),
    "Nobody signs in here for other programs: there is no OAuth.": ("P81",),
    "No mailbox is connected, so no person has threads of mails.": ("X22",),
}
