"""What crosses HTTP. `…New` makes a record, `…Edit` changes what it names, `…Out` is shown."""
