"""The `callboard` command. This module stays empty of imports: the worker process that reads mails loads it
again."""


def main() -> None:
    from embedded.cli import app

    app()


if __name__ == "__main__":
    main()
